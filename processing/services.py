"""What users do with jobs: begin them, cancel them, leave. How a run goes on from there: run_services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import require_any
from audit.services import record
from processing import concurrency_limit, queue, workspace
from processing.batches.services import members_cancel
from processing.engine.errors import Canceled
from processing.job_retention import delete_after
from processing.models import FINISHED, Job, JobStatus
from processing.origin import origin_columns
from processing.run_services import job_end_waiting, lease
from processing.uploads import NewInput
from processing.work import Work
from snapotter.common.database import may_be_committed


def job_create(
    *,
    job_id: UUID,
    user: User,
    work: Work,
    file: NewInput,
    client_job_id: str = "",
    retry_of: Job | None = None,
    claimed: bool,
) -> Job:
    """Store the input and insert the row: claimed already by this process, which runs it at once, or queued
    for a worker.

    Raises TooManyJobs.
    """
    try:
        key = file.store(job_id)
        job = Job(
            id=job_id,
            type=work.type,
            tool_id=work.tool_id,
            client_job_id=client_job_id,
            settings=work.settings,
            input_files=[key],
            bytes_in=file.bytes,
            user=user,
            retry_of=retry_of,
            created_at=timezone.now(),
            delete_after=delete_after(),
            **origin_columns(),
        )
        with concurrency_limit.place(user):
            return _insert_claimed(job) if claimed else _insert_queued(job)
    except BaseException as error:
        if not may_be_committed(error):  # else the cleanup finds them, should they belong to no job
            workspace.delete_job_files(job_id)
        raise


def _insert_claimed(job: Job) -> Job:
    job.status, job.attempts, job.started_at = JobStatus.PROCESSING, 1, job.created_at
    job.lease_until = lease()
    job.save(force_insert=True)
    return job


def _insert_queued(job: Job) -> Job:
    with transaction.atomic():
        job.save(force_insert=True)
        queue.enqueue(job)
    return job


def job_cancel(*, caller: User, job: Job) -> bool:
    """Keep a queued job from starting, have a running one stopped; of a batch its members, and what is done
    is kept. False when it has ended already, or all of these. That of another user is recorded.

    Raises PermissionRefused.
    """
    require_any(caller, "tools:use" if job.user_id == caller.pk else "files:all")
    if not _ask_to_end(caller, job):
        return False
    # From here on nobody can claim it; what is claimed already hears of it and ends the job
    if job.is_batch:
        return members_cancel(batch=job)
    job_end_waiting(job=job, error=Canceled())
    return True


def _ask_to_end(caller: User, job: Job) -> bool:
    with transaction.atomic():
        unfinished = Job.objects.filter(pk=job.pk).exclude(status__in=FINISHED)
        asked = bool(unfinished.update(cancel_requested=True))
        if asked and job.user_id != caller.pk:
            _record_cancel(caller, job)
    return asked


def _record_cancel(caller: User, job: Job) -> None:
    details = {
        "userId": str(caller.pk),
        "ownerId": str(job.user_id) if job.user_id else None,
        "jobId": str(job.pk),
        "toolId": job.tool_id or job.type,
    }
    record("JOB_CANCELED", actor=caller, target_id=job.pk, details=details)


def jobs_of_user_discard(*, user: Any) -> None:
    """Stop what waits or runs for a user who goes and remove the files of all jobs, once the transaction
    commits.

    The rows stay, without a user and where that one was: they are figures of the server.
    """
    jobs = Job.objects.filter(user=user)
    jobs.exclude(status__in=FINISHED).update(cancel_requested=True)  # the sweep ends those that wait
    ids = list(jobs.values_list("id", flat=True))
    jobs.update(delete_after=timezone.now(), ip_address=None, request_id=None)
    transaction.on_commit(lambda: _delete_files(ids))


def _delete_files(job_ids: Iterable[UUID]) -> None:
    for job_id in job_ids:
        workspace.delete_job_files(job_id)
