"""The life of a run: claimed, renewed, ended. Every change of state is one conditional UPDATE, never
read-then-save.

A claim is a job, the number of its attempt and when that began, as the number of a run that is handed back is
given to the next: whoever lost it changes nothing any more. Leases are counted by the database's clock, which
all machines share.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from processing import concurrency_limit, queue, tool_audit, workspace
from processing.batches.ending import batch_advance
from processing.engine.errors import Canceled, ChildCrashed
from processing.job_retention import delete_after
from processing.models import Job, JobStatus
from processing.results import Failure, JobResult, message_of
from snapotter.common.errors import SnapOtterError

MAX_ATTEMPTS: Final = 3


def lease() -> Combinable:
    """Until when a run that was just heard of may be silent."""
    return Now() + timedelta(seconds=settings.JOB_LEASE_S)


def job_claim(*, job_id: UUID) -> Job | None:
    """Take a queued job. None when it is gone, canceled, ended or somebody else's."""
    job = Job.objects.filter(pk=job_id, status=JobStatus.QUEUED, cancel_requested=False).first()
    if job is None:
        return None
    values = {"status": JobStatus.PROCESSING, "attempts": job.attempts + 1, "started_at": timezone.now()}
    waiting = Job.objects.filter(
        pk=job_id, status=JobStatus.QUEUED, cancel_requested=False, attempts=job.attempts
    )
    return job if _change(waiting, job, values, lease_until=lease()) else None


def job_report(*, job: Job, progress: float, stage: str) -> bool:
    """Note how far a run is and renew its lease. False when it must stop: canceled, or claimed by another."""
    return bool(
        _mine(job)
        .filter(cancel_requested=False)
        .update(progress=progress, stage=stage[:200], lease_until=lease())
    )


def job_complete(*, job: Job, result: JobResult, bytes_out: int, duration_ms: int) -> bool:
    """Publish a result. False when the job is no longer this run's, or was canceled: it ends so then, as
    whoever canceled it was told."""
    values: dict[str, Any] = {
        "status": JobStatus.COMPLETED,
        "progress": 1.0,
        "stage": "",
        "result": result.wire(),
        "output_path": result.outputs[0].key if result.outputs else "",
        "bytes_out": bytes_out,
    }
    completed = _finish(_mine(job).filter(cancel_requested=False), job, values, duration_ms)
    if not completed:
        job_fail(job=job, error=Canceled(), duration_ms=duration_ms)
    return completed


def job_fail(*, job: Job, error: SnapOtterError, duration_ms: int) -> bool:
    """End a run with an error. What it made goes at once; its input is kept as long as a result would be, to
    be run again."""
    return _end_without_result(_mine(job), job, error, duration_ms)


def job_end_waiting(*, job: Job, error: SnapOtterError) -> bool:
    """End a job that is queued. False when it is not, or not any more."""
    waiting = Job.objects.filter(pk=job.pk, status=JobStatus.QUEUED)
    return _end_without_result(waiting, job, error, 0)


def job_release(*, job: Job) -> bool:
    """Hand a run back, unfinished, as its process ends: it is queued again, and this was no attempt. One that
    was canceled ends. False when it is no longer this run's."""
    queued = _queue_again(_mine(job), job, attempts=job.attempts - 1)
    return queued or job_fail(job=job, error=Canceled(), duration_ms=0)


def job_requeue(*, job: Job) -> bool:
    """Queue a run again whose process is not heard of any more. False when it was heard of meanwhile."""
    return _queue_again(_mine(job).filter(lease_until__lt=Now()), job, attempts=job.attempts)


def job_give_up(*, job: Job) -> bool:
    """End a run whose process is not heard of any more, as so many before. False when it was heard of
    meanwhile."""
    error = ChildCrashed(f"Processing stopped unexpectedly {job.attempts} times; the file may be damaged")
    return _end_without_result(_mine(job).filter(lease_until__lt=Now()), job, error, 0)


def _mine(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(
        pk=job.pk, status=JobStatus.PROCESSING, attempts=job.attempts, started_at=job.started_at
    )


def _queue_again(jobs: QuerySet[Job], job: Job, *, attempts: int) -> bool:
    values = {
        "status": JobStatus.QUEUED,
        "attempts": attempts,
        "progress": 0.0,
        "stage": "",
        "started_at": None,
        "lease_until": None,
    }
    with transaction.atomic():
        queued = bool(jobs.filter(cancel_requested=False).update(**values))
        if queued:
            queue.enqueue(job)
    if queued:  # not before the commit: whoever tries again after an error needs the job as it was
        _remember(job, values)
    return queued


def _end_without_result(jobs: QuerySet[Job], job: Job, error: SnapOtterError, duration_ms: int) -> bool:
    failure = Failure.of(error)
    values: dict[str, Any] = {
        "status": JobStatus.CANCELED if error.code == "canceled" else JobStatus.FAILED,
        "stage": "",
        "error": message_of(failure),
        "error_code": failure.code,
        "result": JobResult(failure=failure).wire(),
    }
    ended = _finish(jobs, job, values, duration_ms)
    if ended:
        workspace.delete_results(job.pk)
    return ended


def _finish(jobs: QuerySet[Job], job: Job, values: Mapping[str, Any], duration_ms: int) -> bool:
    ended = _write_end(jobs, job, values, duration_ms)
    # Also if not: whoever tries again after a lost connection may have come as far as the end itself. And not
    # in its transaction: who cancels a batch locks members in another order
    concurrency_limit.hand_on(job)
    if job.parent_id is not None:
        batch_advance(batch_id=job.parent_id)
    return ended


def _write_end(jobs: QuerySet[Job], job: Job, values: Mapping[str, Any], duration_ms: int) -> bool:
    ending = {
        **values,
        "completed_at": timezone.now(),
        "lease_until": None,
        "duration_ms": duration_ms,
    }
    if job.parent_id is None:  # a member's files go with its batch, which says when as it ends
        ending["delete_after"] = delete_after()
    if not tool_audit.is_on():
        return _change(jobs, job, ending)
    with transaction.atomic():
        user = tool_audit.hold_user(job)
        ended = _change(jobs, job, ending)
        if ended:
            tool_audit.record_run(job, user)
    return ended


def _change(jobs: QuerySet[Job], job: Job, values: Mapping[str, Any], **expressions: Any) -> bool:
    """Write `values` if the row is among `jobs`, and then remember them in `job` too."""
    changed = bool(jobs.update(**values, **expressions))
    if changed:
        _remember(job, values)
    return changed


def _remember(job: Job, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(job, name, value)
