"""From a request to the queue and off it again."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from psycopg_pool import PoolTimeout
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from conftest import Api
from processing import queue, run_services, services, worker
from processing.engine.errors import Canceled, InternalFailure
from processing.lane import fast_lane
from processing.models import Job
from processing.results import JobResult
from processing.tests.pools import opened
from processing.tests.queued import carried_ids, carry_queue, queued_job
from processing.tests.requests import jpeg, post, stored_files


def status_of(job: Job) -> str:
    job.refresh_from_db()
    return job.status


def test_who_does_not_wait_gets_a_queued_job(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    job = Job.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"jobId": str(job.pk), "async": True})
    assert (job.status, job.attempts, carried_ids()) == ("queued", 0, [str(job.pk)])


def test_a_worker_completes_it(api: Api, alice: User) -> None:
    post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    carry_queue()
    job = Job.objects.get()
    assert (job.status, job.progress, job.attempts, job.lease_until) == ("completed", 1.0, 1, None)
    assert job.started_at is not None
    body = api.as_user(alice).get(f"/api/v1/jobs/{job.pk}").json()
    assert api.get(body["outputs"][0]["downloadUrl"]).status_code == 200


def test_a_large_picture_is_not_for_the_web_process(
    transactional_db: None, api: Api, alice: User, settings: Settings
) -> None:
    settings.SYNC_WAIT_MS = 0
    assert post(api.as_user(alice), jpeg((7000, 5000)), {"width": 50}).status_code == 202
    assert Job.objects.get().status == "queued"


def test_who_waits_is_answered_as_if_it_had_run_here(
    transactional_db: None, api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.lane.MOST_WORK", 0.0)
    monkeypatch.setattr(queue, "enqueue", carried_by_a_thread)
    answer = post(api.as_user(alice), jpeg(), {"width": 50})
    assert (answer.status_code, set(answer.json())) == (
        200,
        {"jobId", "downloadUrl", "originalSize", "processedSize"},
    )


def test_a_failure_in_the_queue_is_answered_as_here(
    transactional_db: None, api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    crop = {"left": 150, "top": 0, "width": 100, "height": 10}
    here = post(api.as_user(alice), jpeg(), crop, url="/api/v1/tools/image/crop")
    monkeypatch.setattr("processing.lane.MOST_WORK", 0.0)
    monkeypatch.setattr(queue, "enqueue", carried_by_a_thread)
    queued = post(api.as_user(alice), jpeg(), crop, url="/api/v1/tools/image/crop")
    assert (here.status_code, here.json()) == (queued.status_code, queued.json())
    assert queued.status_code == 422


def carried_by_a_thread(job: Job) -> None:
    """A worker that begins a moment after the job was committed."""

    def run() -> None:
        worker.carry(job.pk, fast_lane().pool)
        connection.close()

    threading.Timer(0.2, run).start()


def test_it_is_inserted_and_enqueued_or_neither(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(job: Job) -> None:
        raise ZeroDivisionError

    before = stored_files()
    monkeypatch.setattr(queue, "enqueue", fail)
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    assert answer.status_code == 500
    assert not Job.objects.exists()
    assert stored_files() == before


def test_files_stay_when_nobody_knows_whether_the_job_was_inserted(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke after the commit was sent: the job may be there, and needs its input."""
    before = stored_files()
    with monkeypatch.context() as breaking:
        breaking.setattr(queue, "enqueue", refuse)
        assert post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async").status_code == 503
    assert len(stored_files() - before) == 1


def test_files_go_when_there_was_no_connection_to_insert_the_job(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(job: Job) -> None:
        raise OperationalError from PoolTimeout()

    before = stored_files()
    monkeypatch.setattr(queue, "enqueue", refuse)
    assert post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async").status_code == 503
    assert stored_files() == before


def test_a_job_is_claimed_once(alice: User) -> None:
    job = queued_job(alice)
    claimed = run_services.job_claim(job_id=job.pk)
    assert claimed is not None
    assert (claimed.status, claimed.attempts) == ("processing", 1)
    assert run_services.job_claim(job_id=job.pk) is None


def test_a_canceled_job_is_not_claimed(alice: User) -> None:
    job = queued_job(alice)
    services.job_cancel(caller=alice, job=job)
    assert run_services.job_claim(job_id=job.pk) is None


def test_what_was_claimed_elsewhere_meanwhile_is_theirs(alice: User) -> None:
    """The row was read, and then somebody else's UPDATE came first."""
    job = queued_job(alice)
    first = run_services.job_claim(job_id=job.pk)
    assert first is not None
    assert run_services.job_release(job=first)
    second = run_services.job_claim(job_id=job.pk)
    assert second is not None
    assert run_services.job_fail(job=second, error=InternalFailure(), duration_ms=1)
    assert not run_services.job_fail(job=first, error=Canceled(), duration_ms=1)
    assert status_of(job) == "failed"


def test_a_claim_costs_two_queries(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    job = queued_job(alice)
    with django_assert_num_queries(2):
        assert run_services.job_claim(job_id=job.pk)


def test_a_worker_that_ends_hands_its_job_back(alice: User) -> None:
    job = queued_job(alice)
    with opened(1) as pool:
        pool.close()
        worker.carry(job.pk, pool)
    assert (status_of(job), job.attempts, job.lease_until) == ("queued", 0, None)
    assert carried_ids() == [str(job.pk)] * 2
    carry_queue()
    assert (status_of(job), job.attempts) == ("completed", 1)


def test_a_hand_back_that_the_database_refused_can_be_tried_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run_services.job_claim(job_id=queued_job(alice).pk)
    assert job is not None
    with monkeypatch.context() as away, pytest.raises(OperationalError):
        away.setattr(queue, "enqueue", refuse)
        run_services.job_release(job=job)
    assert run_services.job_release(job=job)
    assert (status_of(job), job.attempts) == ("queued", 0)


def refuse(job: Job) -> None:
    raise OperationalError


def test_a_canceled_run_that_is_handed_back_ends(alice: User) -> None:
    job = run_services.job_claim(job_id=queued_job(alice).pk)
    assert job is not None
    assert services.job_cancel(caller=alice, job=job)
    assert run_services.job_release(job=job)
    assert (status_of(job), job.lease_until) == ("canceled", None)
    assert not run_services.job_release(job=job)


def test_what_was_canceled_before_it_was_completed_is_canceled(alice: User) -> None:
    """Whoever canceled it was told so."""
    job = run_services.job_claim(job_id=queued_job(alice).pk)
    assert job is not None
    assert services.job_cancel(caller=alice, job=job)
    assert not run_services.job_complete(job=job, result=JobResult(), bytes_out=1, duration_ms=1)
    assert (status_of(job), job.error, job.bytes_out) == ("canceled", "Canceled", 0)


def test_a_job_whose_tool_is_gone_fails_alone(alice: User) -> None:
    job = queued_job(alice)
    Job.objects.filter(pk=job.pk).update(tool_id="unheard-of")
    carry_queue()
    assert (status_of(job), job.error_code) == ("failed", "internal")


def test_a_job_whose_input_is_gone_fails_alone(alice: User) -> None:
    job = queued_job(alice)
    for path in (Path(django_settings.WORKSPACE_PATH) / str(job.pk) / "input").iterdir():
        path.unlink()
    carry_queue()
    assert status_of(job) == "failed"


def test_an_error_with_what_postgresql_does_not_take_still_ends_the_job(alice: User) -> None:
    job = run_services.job_claim(job_id=queued_job(alice).pk)
    assert job is not None
    error = InternalFailure("a\0b \ud800", code="internal")
    assert run_services.job_fail(job=job, error=error, duration_ms=1)
    assert (status_of(job), job.error) == ("failed", "ab ?")
