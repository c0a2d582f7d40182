"""`POST /api/v1/jobs/<id>/cancel`, in every state a job can be in."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from audit.models import AuditEntry
from conftest import Api
from processing import events, run_services, runner, services, workspace
from processing.models import Job, JobStatus
from processing.tests.batches import pictures, queued_batch, states
from processing.tests.child_functions import make_request
from processing.tests.pools import opened
from processing.tests.processes import is_alive, read_pid
from processing.tests.queued import carry_queue, queued_job
from processing.tests.requests import jpeg, post, stored_results
from snapotter.common import listener
from snapotter.common.errors import PermissionRefused
from snapotter.tests.waiting import PATIENCE, eventually


def cancel(api: Api, user: User, name: object) -> Any:
    return api.as_user(user).post(f"/api/v1/jobs/{name}/cancel")


def test_a_queued_job_never_starts(api: Api, alice: User) -> None:
    before = stored_results()
    job = queued_job(alice)
    answer = cancel(api, alice, job.pk)
    assert (answer.status_code, answer.json()) == (200, {"canceled": True})
    carry_queue()
    job.refresh_from_db()
    assert (job.status, job.error_code, job.attempts) == ("canceled", "canceled", 0)
    assert job.completed_at is not None
    assert stored_results() == before


def test_a_second_cancel_comes_too_late(api: Api, alice: User) -> None:
    job = queued_job(alice)
    assert cancel(api, alice, job.pk).json() == {"canceled": True}
    assert cancel(api, alice, job.pk).json() == {"canceled": False}


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_what_has_ended_stays_as_it_is(api: Api, alice: User, status: str) -> None:
    job = Job.objects.create(type="resize", user=alice, status=status)
    assert cancel(api, alice, job.pk).json() == {"canceled": False}
    job.refresh_from_db()
    assert (job.status, job.cancel_requested) == (status, False)


def test_the_owner_may_and_who_sees_all_files(api: Api, alice: User, bob: User, admin: User) -> None:
    job = queued_job(alice)
    assert cancel(api, bob, job.pk).status_code == 404
    assert api.post(f"/api/v1/jobs/{job.pk}/cancel").status_code == 401
    job.refresh_from_db()
    assert not job.cancel_requested
    assert cancel(api, admin, job.pk).json() == {"canceled": True}


def canceled_entries() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="JOB_CANCELED"))


def test_the_cancel_of_somebody_elses_job_is_recorded_once(api: Api, alice: User, admin: User) -> None:
    job = queued_job(alice)
    cancel(api, admin, job.pk)
    cancel(api, admin, job.pk)
    (entry,) = canceled_entries()
    assert (entry.actor_id, entry.target_type, entry.target_id) == (admin.pk, "job", str(job.pk))
    assert entry.details == {
        "userId": str(admin.pk),
        "ownerId": str(alice.pk),
        "jobId": str(job.pk),
        "toolId": "resize",
    }


def test_the_cancel_of_somebody_elses_batch_is_one_entry(api: Api, alice: User, admin: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    cancel(api, admin, batch.pk)
    assert states(batch) == ["canceled"] * 2
    assert [entry.target_id for entry in canceled_entries()] == [str(batch.pk)]


def test_ones_own_cancel_and_one_that_came_too_late_are_not_recorded(
    api: Api, alice: User, admin: User
) -> None:
    job = queued_job(alice)
    cancel(api, alice, job.pk)
    cancel(api, admin, job.pk)
    assert canceled_entries() == []


def test_the_service_itself_refuses_a_stranger(alice: User, bob: User) -> None:
    job = queued_job(alice)
    with pytest.raises(PermissionRefused):
        services.job_cancel(caller=bob, job=job)
    job.refresh_from_db()
    assert not job.cancel_requested


def test_300_a_minute_and_no_more(api: Api, alice: User) -> None:
    assert cancel(api, alice, uuid.uuid4())["X-RateLimit-Limit"] == "300"


@pytest.mark.parametrize("name", [uuid.uuid4(), "nothing", "%00", "%ff", "x" * 400, "ä 🦦"])
def test_there_is_no_such_job(api: Api, alice: User, name: object) -> None:
    assert cancel(api, alice, name).status_code == 404


def test_it_is_answered_as_canceled(api: Api, alice: User) -> None:
    post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    job = Job.objects.get()
    cancel(api, alice, job.pk)
    body = api.as_user(alice).get(f"/api/v1/jobs/{job.pk}").json()
    assert (body["status"], body["error"], body["outputs"]) == ("canceled", "Canceled", [])


@pytest.fixture
def running(transactional_db: None, alice: User, tmp_path: Path) -> Iterator[runner.ActiveRun]:
    """A run that would take a minute, driven by a thread as in any lane."""
    job = Job.objects.create(type="resize", user=alice, status=JobStatus.PROCESSING, attempts=1)
    with opened(1) as pool:
        child = pool.submit(make_request("sleep", seconds=60, mark=str(tmp_path / "pid")))
        run = runner.ActiveRun(job=job, child=child, resources=ExitStack())
        run.resources.enter_context(workspace.scratch_directory())
        run.resources.enter_context(events.watch(events.topic_of_job(job.pk), handler=run.hear))
        thread = threading.Thread(target=drive, args=[run])
        thread.start()
        yield run
        run.stop()
        thread.join(PATIENCE)


def drive(run: runner.ActiveRun) -> None:
    runner.see_through(run)
    connection.close()


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.is_finished


def test_the_child_of_a_running_job_ends(
    running: runner.ActiveRun, api: Api, alice: User, tmp_path: Path
) -> None:
    """Nothing is heard here: the run learns of it at its next report."""
    pid = read_pid(tmp_path / "pid")
    before = stored_results()
    assert cancel(api, alice, running.job.pk).json() == {"canceled": True}
    eventually(lambda: ended(running.job), "the run ends")
    assert running.job.status == "canceled"
    assert not is_alive(pid)
    assert stored_results() <= before


def test_a_run_elsewhere_hears_of_it(
    running: runner.ActiveRun, api: Api, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that does not report for a minute hears of its cancel all the same."""
    monkeypatch.setattr(run_services, "job_report", lambda **_: True)
    read_pid(tmp_path / "pid")
    listener.start()
    try:
        eventually(listener.is_connected, "the listener connects")
        cancel(api, alice, running.job.pk)
        eventually(lambda: ended(running.job), "the run ends")
    finally:
        listener.stop()
    assert running.job.status == "canceled"


def test_a_run_whose_job_was_claimed_by_another_ends_and_changes_nothing(
    running: runner.ActiveRun, tmp_path: Path
) -> None:
    pid = read_pid(tmp_path / "pid")
    Job.objects.filter(pk=running.job.pk).update(attempts=2)
    eventually(lambda: not is_alive(pid), "the child ends")
    assert Job.objects.get().status == "processing"
