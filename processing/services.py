"""Writing jobs. Every change of state is one conditional UPDATE, never read-then-save."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from processing import tool_audit, workspace
from processing.models import FINISHED, Job, JobStatus
from processing.results import JobResult
from processing.tooling import Tool, ToolSettings
from processing.uploads import AcceptedFile
from snapotter.common.errors import SnapOtterError
from snapotter.runtime import store
from snapotter.runtime.registry import TEMP_FILE_MAX_AGE_HOURS

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)


def job_create(*, user: Any, tool: Tool[Any], tool_settings: ToolSettings, accepted: AcceptedFile) -> Job:
    """Store the input and insert the row, claimed already by this process: the fast lane runs it at once."""
    job_id = uuid4()
    try:
        key = workspace.save_input(job_id, accepted.name, accepted.upload)
        now = timezone.now()
        return Job.objects.create(
            id=job_id,
            type=tool.id,
            tool_id=tool.id,
            status=JobStatus.PROCESSING,
            attempts=1,
            settings=tool_settings.wire(),
            input_files=[key],
            bytes_in=accepted.bytes,
            user=user,
            created_at=now,
            started_at=now,
            lease_until=now + LEASE,
            delete_after=_delete_after(),
        )
    except BaseException:
        workspace.delete_job_files(job_id)
        raise


def job_report(*, job: Job, progress: float, stage: str) -> bool:
    """Note how far a run is and renew its lease. False when it must stop: canceled, or claimed by another."""
    return bool(
        _mine(job)
        .filter(cancel_requested=False)
        .update(progress=progress, stage=stage[:200], lease_until=timezone.now() + LEASE)
    )


def job_complete(*, job: Job, result: JobResult, bytes_out: int, duration_ms: int) -> bool:
    """Publish a result. False when the job is no longer this run's; nothing was written then."""
    values: dict[str, Any] = {
        "status": JobStatus.COMPLETED,
        "progress": 1.0,
        "stage": "",
        "result": result.wire(),
        "output_path": result.outputs[0].key if result.outputs else "",
        "bytes_out": bytes_out,
        "delete_after": _delete_after(),
    }
    return _finish(job, values, duration_ms)


def job_fail(*, job: Job, error: SnapOtterError, duration_ms: int) -> bool:
    """End a job with an error. Its files go at once: the row alone tells what happened."""
    values: dict[str, Any] = {
        "status": JobStatus.CANCELED if error.code == "canceled" else JobStatus.FAILED,
        "stage": "",
        "error": message_of(error),
        "error_code": error.code,
    }
    ended = _finish(job, values, duration_ms)
    if ended:
        workspace.delete_job_files(job.id)
    return ended


def message_of(error: SnapOtterError) -> str:
    """One sentence for a person: what failed, and why if that is known."""
    if isinstance(error.details, str) and error.details:
        return f"{error.message}: {error.details}"
    return error.message


def jobs_end_abandoned() -> int:
    """Fail the jobs whose process died: their lease ran out and nobody renewed it. Returns how many."""
    abandoned = Job.objects.filter(status=JobStatus.PROCESSING, lease_until__lt=timezone.now())
    ended = 0
    for job in abandoned.iterator():
        error = SnapOtterError("The server stopped while this was running; run it again", code="crashed")
        ended += job_fail(job=job, error=error, duration_ms=0)
    if ended:
        log.warning("%d abandoned jobs were ended", ended)
    return ended


def jobs_of_user_discard(*, user: Any) -> None:
    """Stop what runs for a user who goes and remove the files of all jobs, once the transaction commits.

    The rows stay, without a user: they are figures of the server.
    """
    jobs = Job.objects.filter(user=user)
    jobs.exclude(status__in=FINISHED).update(cancel_requested=True)
    ids = list(jobs.values_list("id", flat=True))
    jobs.update(delete_after=timezone.now())
    transaction.on_commit(lambda: _delete_files(ids))


def _delete_files(job_ids: Iterable[UUID]) -> None:
    for job_id in job_ids:
        workspace.delete_job_files(job_id)


def _mine(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, status=JobStatus.PROCESSING, attempts=job.attempts)


def _finish(job: Job, values: Mapping[str, Any], duration_ms: int) -> bool:
    ending = {**values, "completed_at": timezone.now(), "lease_until": None, "duration_ms": duration_ms}
    if not tool_audit.is_on():
        return _end(job, ending)
    with transaction.atomic():
        user = tool_audit.hold_user(job)
        ended = _end(job, ending)
        if ended:
            tool_audit.record_run(job, user)
    return ended


def _end(job: Job, values: Mapping[str, Any]) -> bool:
    ended = bool(_mine(job).update(**values))
    if ended:
        for name, value in values.items():
            setattr(job, name, value)
    return ended


def _delete_after() -> Any:
    hours = store.get(TEMP_FILE_MAX_AGE_HOURS)
    return timezone.now() + timedelta(hours=hours) if hours else None
