"""Run again what failed or was canceled, from its inputs, which are kept as long as results would be.

What ended stays as it ended: to try again makes a new job, or a new batch of the files that were not done.
Who asks twice gets two, as who sends files twice does.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from processing import workspace
from processing.batches.selectors import members_of
from processing.batches.services import BatchFile
from processing.models import UNDONE, Job
from processing.results import error_of
from processing.runs import enqueue, enqueue_each
from processing.uploads import require_not_too_many
from processing.work import Work
from processing.work_again import work_of
from snapotter.common.errors import Conflict, SnapOtterError


class NothingToRetry(Conflict):
    """Nothing failed of which the file was kept."""

    code = "NOTHING_TO_RETRY"


class FilesGone(SnapOtterError):
    """The files have expired; send them again."""

    status = 410
    code = "EXPIRED"


@dataclass(frozen=True)
class KeptInput:
    """The input of a job that has ended."""

    key: str
    bytes: int

    def store(self, job_id: UUID) -> str:
        try:
            return workspace.copy_input(self.key, job_id)
        except FileNotFoundError:
            raise FilesGone from None


def retry(*, user: User, job: Job) -> Job:
    """Have workers run what was not done of a job that `user` may see; returns the new job, which is the
    user's.

    Raises Conflict for a job that has not ended, NothingToRetry, FilesGone, and what a first run raises: the
    tools must be there and for this user, the files not too many.
    """
    if not job.is_finished:
        raise Conflict("The job has not ended yet; wait for it or cancel it", code="NOT_ENDED")
    if job.is_expired:
        raise FilesGone
    if not _kept(job).exists():
        raise NothingToRetry
    work = work_of(job, user=user)
    again = _batch_retry if job.is_batch else _single_retry
    return again(job, work=work, user=user)


def _batch_retry(batch: Job, *, work: Work, user: User) -> Job:
    """A batch of the files that were not done. What was refused when it was sent is in it too, and refused
    again, so that no file is forgotten."""
    files = [_file_of(member) for member in _undone(batch)]
    require_not_too_many(len(files))
    if not any(file.accepted for file in files):
        raise FilesGone
    return enqueue_each(user=user, work=work, files=files, retry_of=batch)


def _single_retry(job: Job, *, work: Work, user: User) -> Job:
    """Also of a member: alone."""
    kept = KeptInput(job.input_files[0], job.bytes_in)
    return enqueue(user=user, work=work, file=kept, retry_of=job)


def _undone(job: Job) -> QuerySet[Job]:
    jobs = members_of(job) if job.is_batch else Job.objects.filter(pk=job.pk)
    return jobs.filter(status__in=UNDONE)


def _kept(job: Job) -> QuerySet[Job]:
    """What was refused when it was sent has no bytes."""
    return _undone(job).filter(bytes_in__gt=0)


def _file_of(job: Job) -> BatchFile:
    if not job.bytes_in:
        return BatchFile(job.input_name, error=error_of(job))
    key = job.input_files[0]
    if not workspace.storage().exists(key):
        return BatchFile(job.input_name, error=FilesGone())
    return BatchFile(job.input_name, KeptInput(key, job.bytes_in))
