"""Begin a batch, cancel its members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from processing import queue, workspace
from processing.batches.ending import batch_advance
from processing.batches.selectors import members_of
from processing.engine.errors import Canceled
from processing.job_retention import delete_after
from processing.models import BATCH, FINISHED, Job, JobStatus
from processing.origin import origin_columns
from processing.results import Failure, JobResult, message_of
from processing.uploads import NewInput
from processing.work import Work
from snapotter.common.database import may_be_committed
from snapotter.common.errors import SnapOtterError


@dataclass(frozen=True)
class BatchFile:
    """A file of a batch: accepted, or why not."""

    name: str
    accepted: NewInput | None = None
    error: SnapOtterError | None = None


def batch_create(
    *,
    job_id: UUID,
    user: User,
    work: Work,
    files: Sequence[BatchFile],
    client_job_id: str = "",
    retry_of: Job | None = None,
) -> Job:
    """Store the files, insert the batch with its members and ask for workers: all of it or nothing.

    A file that was not accepted is a member that has failed already.
    """
    now = timezone.now()
    batch = Job(
        id=job_id,
        type=BATCH,
        tool_id=work.tool_id,
        client_job_id=client_job_id,
        settings=work.of_batch,
        bytes_in=sum(file.accepted.bytes for file in files if file.accepted),
        user=user,
        retry_of=retry_of,
        created_at=now,
        delete_after=delete_after(),
        **origin_columns(),
    )
    members: list[Job] = []
    try:
        members.extend(_members(batch, work, files, now))
        _insert(batch, members)
    except BaseException as error:
        if not may_be_committed(error):  # else the cleanup finds them, should they belong to no job
            for member in members:
                workspace.delete_job_files(member.pk)
        raise
    batch.refresh_from_db()
    return batch


def _members(batch: Job, work: Work, files: Sequence[BatchFile], now: datetime) -> Iterator[Job]:
    """A microsecond apart: they are told and run in this order."""
    settings = work.settings
    for number, file in enumerate(files):
        member = Job(
            id=uuid4(),
            parent=batch,
            type=work.type,
            tool_id=work.tool_id,
            settings=settings,
            user=batch.user,
            created_at=now + timedelta(microseconds=number),
            ip_address=batch.ip_address,
            request_id=batch.request_id,
        )
        yield _stored(member, file.accepted) if file.accepted else _refused(member, file)


def _stored(member: Job, accepted: NewInput) -> Job:
    member.input_files = [accepted.store(member.pk)]
    member.bytes_in = accepted.bytes
    return member


def _refused(member: Job, file: BatchFile) -> Job:
    """Its file is not kept: it would be refused again."""
    assert file.error is not None  # noqa: S101  it would have been accepted
    failure = Failure.of(file.error)
    member.input_files = [workspace.input_key(member.pk, file.name)]
    member.status, member.completed_at = JobStatus.FAILED, member.created_at
    member.error, member.error_code = message_of(failure), failure.code
    member.result = JobResult(failure=failure).wire()
    return member


def _insert(batch: Job, members: Sequence[Job]) -> None:
    with transaction.atomic():
        batch.save(force_insert=True)
        Job.objects.bulk_create(members, batch_size=500)
        queue.enqueue_turn(batch.user_id)
        batch_advance(batch_id=batch.pk)


def members_cancel(*, batch: Job) -> bool:
    """What follows for the members of a batch that is to be canceled; again, if a crash came in between.
    False when all of them had ended."""
    # From here on none can be claimed; those that run hear of it, end, and take the batch with them
    found = members_of(batch).exclude(status__in=FINISHED).update(cancel_requested=True)
    waiting = members_of(batch).filter(status=JobStatus.QUEUED, cancel_requested=True)
    ids = list(waiting.values_list("pk", flat=True))
    failure = Failure.of(Canceled())
    waiting.update(
        status=JobStatus.CANCELED,
        error=failure.message,
        error_code=failure.code,
        result=JobResult(failure=failure).wire(),
        completed_at=timezone.now(),
    )
    batch_advance(batch_id=batch.pk)
    for job_id in ids:
        workspace.delete_results(job_id)
    return bool(found)
