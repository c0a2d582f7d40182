"""What the sweep finds and what it does about it."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from errno import ENOSPC, EROFS
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.tests.races import together
from processing import recovery, run_services, services, workspace
from processing.models import Job
from processing.results import JobResult
from processing.tests.queued import carried_ids, carry_queue, forget_queue, queued_job, silent_job
from processing.tests.requests import stored_results

pytestmark = pytest.mark.django_db


def test_a_job_whose_process_died_is_run_again(alice: User) -> None:
    job = silent_job(alice)
    recovery.sweep()
    job.refresh_from_db()
    assert (job.status, job.attempts, carried_ids()) == ("queued", 1, [str(job.pk)])
    carry_queue()
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 2)


def test_after_three_times_it_has_crashed(alice: User) -> None:
    before = stored_results()
    job = silent_job(alice, attempts=3)
    recovery.sweep()
    job.refresh_from_db()
    assert (job.status, job.error_code, job.lease_until) == ("failed", "crashed", None)
    assert carried_ids() == []
    assert stored_results() == before


def test_a_job_that_is_heard_of_is_left_alone(alice: User) -> None:
    job = silent_job(alice)
    assert run_services.job_report(job=job, progress=0.5, stage="")
    recovery.sweep()
    job.refresh_from_db()
    assert (job.status, carried_ids()) == ("processing", [])


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_job_that_is_heard_of_while_the_sweep_runs_is_left_alone(alice: User, attempts: int) -> None:
    job = silent_job(alice, attempts=attempts)
    assert run_services.job_report(job=job, progress=0.5, stage="")
    assert not run_services.job_requeue(job=job)
    assert not run_services.job_give_up(job=job)


def test_a_job_that_was_to_be_canceled_is_canceled(alice: User) -> None:
    job = silent_job(alice)
    services.job_cancel(caller=alice, job=job)
    recovery.sweep()
    job.refresh_from_db()
    assert (job.status, carried_ids()) == ("canceled", [])


def test_a_waiting_job_of_a_deleted_user_is_canceled(alice: User) -> None:
    job = queued_job(alice)
    services.jobs_of_user_discard(user=alice)
    recovery.sweep()
    job.refresh_from_db()
    assert job.status == "canceled"


def test_a_job_that_fell_out_of_the_queue_is_put_back(alice: User) -> None:
    lost = queued_job(alice)
    forget_queue()
    waiting = queued_job(alice)
    recovery.sweep()
    assert sorted(carried_ids()) == sorted([str(lost.pk), str(waiting.pk)])


def test_the_second_sweep_finds_nothing(alice: User) -> None:
    silent_job(alice)
    recovery.sweep()
    carried = carried_ids()
    recovery.sweep()
    assert carried_ids() == carried


def test_what_a_killed_worker_had_taken_off_the_queue_is_deleted(alice: User) -> None:
    job = queued_job(alice)
    take_off(worker_age=timedelta(hours=1))
    recovery.sweep()
    assert carried_ids() == [str(job.pk)]
    assert rows_taken() == 0


def test_what_a_living_worker_runs_stays_its_own(alice: User) -> None:
    job = queued_job(alice)
    take_off(worker_age=timedelta(seconds=5))
    run_services.job_claim(job_id=job.pk)
    recovery.sweep()
    assert (rows_taken(), carried_ids()) == (1, [])


def test_what_a_living_worker_has_taken_off_the_queue_without_a_claim_is_put_back(alice: User) -> None:
    """It may never have received it; if it has, whoever comes second finds nothing to claim."""
    job = queued_job(alice)
    take_off(worker_age=timedelta(seconds=5))
    recovery.sweep()
    assert (rows_taken(), carried_ids()) == (1, [str(job.pk)])


def test_a_job_that_cannot_be_recovered_keeps_nobody_from_the_others(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = silent_job(alice, attempts=3), silent_job(alice)
    monkeypatch.setattr(recovery, "job_give_up", refuse)
    recovery.sweep()
    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.status, other.status) == ("processing", "queued")


def refuse(**_: object) -> bool:
    raise ZeroDivisionError


def test_sweeps_of_two_workers_at_once_recover_each_job_once(transactional_db: None, alice: User) -> None:
    jobs = [silent_job(alice) for _ in range(20)]
    together(recovery.sweep, recovery.sweep)
    carried = carried_ids()
    forget_queue()  # it outlives the test otherwise
    assert sorted(carried) == sorted(str(job.pk) for job in jobs)
    assert set(Job.objects.values_list("status", "attempts")) == {("queued", 1)}


def test_who_was_given_the_number_of_a_run_that_was_handed_back_is_left_alone(alice: User) -> None:
    """A hand-back is tried again when its answer was lost with the connection."""
    first = run_services.job_claim(job_id=queued_job(alice).pk)
    assert first is not None
    as_it_was = copy(first)
    assert run_services.job_release(job=first)
    second = run_services.job_claim(job_id=first.pk)
    assert second is not None
    assert second.attempts == as_it_was.attempts
    assert not run_services.job_release(job=as_it_was)
    assert not run_services.job_report(job=as_it_was, progress=0.5, stage="")
    assert run_services.job_complete(job=second, result=JobResult(), bytes_out=1, duration_ms=1)


def test_what_a_lost_attempt_published_goes_with_the_next_result(alice: User) -> None:
    job = silent_job(alice)
    publish(job, 1)
    recovery.sweep()
    carry_queue()
    job.refresh_from_db()
    (output,) = JobResult.load(job.result).outputs
    assert output.key.startswith(f"{job.pk}/2/")
    assert workspace.storage().exists(output.key)
    assert not workspace.storage().exists(f"{job.pk}/1/a.jpg")


def take_off(*, worker_age: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id",
            [timezone.now() - worker_age],
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [cursor.fetchone()[0]]
        )


def rows_taken() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
        return int(cursor.fetchone()[0])


def test_the_late_result_of_a_lost_claim_counts_for_nothing(alice: User) -> None:
    lost = silent_job(alice)
    recovery.sweep()
    assert not run_services.job_complete(job=lost, result=JobResult(), bytes_out=1, duration_ms=1)
    job = Job.objects.get()
    assert (job.status, job.result) == ("queued", None)


def test_a_full_disk_fails_the_job_whose_result_it_does_not_take(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored_results()
    job = queued_job(alice)
    with monkeypatch.context() as full:
        full.setattr(workspace, "_save", refuse_to_save)
        carry_queue()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "STORAGE_FULL")
    assert stored_results() == before


def refuse_to_save(key: str, content: object) -> str:
    raise OSError(ENOSPC, "No space left on device")


def test_a_workspace_that_cannot_be_written_fails_the_job(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queued_job(alice)
    with monkeypatch.context() as read_only:
        read_only.setattr(workspace, "new_scratch_directory", refuse_to_write)
        carry_queue()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "internal")


def refuse_to_write() -> Path:
    raise OSError(EROFS, "Read-only file system")


def test_removing_one_attempt_leaves_the_others(alice: User, tmp_path: object) -> None:
    job = queued_job(alice)
    for attempt in (1, 2):
        publish(job, attempt)
    workspace.delete_attempt(job.pk, 1)
    storage = workspace.storage()
    assert not storage.exists(f"{job.pk}/1/a.jpg")
    assert storage.exists(f"{job.pk}/2/a.jpg")
    assert storage.exists(job.input_files[0])


def publish(job: Job, attempt: int) -> None:
    with workspace.scratch_directory() as scratch:
        path = scratch / "a.jpg"
        path.write_bytes(b"bytes")
        workspace.publish(job.pk, attempt, path, "a.jpg")
