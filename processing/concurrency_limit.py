"""How many jobs of one user may run at once: what an administrator allows of `maxConcurrentJobsPerUser`.

Single jobs count single jobs alone, of which one too many is refused; files of a batch count both, and wait.
So nobody is kept from using a tool by a batch of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from processing import queue
from processing.models import BATCH, Job, JobStatus
from snapotter.common.errors import TooManyRequests
from snapotter.common.locks import transaction_lock
from snapotter.runtime import store
from snapotter.runtime.registry import MAX_CONCURRENT_JOBS_PER_USER


class TooManyJobs(TooManyRequests):
    """You have as many jobs under way as this server allows; wait for one to end."""

    code = "TOO_MANY_JOBS"


def has_room(user_id: UUID | None) -> bool:
    """Whether one more member of the user's batches may run; nobody else is told so until the transaction
    ends."""
    limit = store.get(MAX_CONCURRENT_JOBS_PER_USER)
    if not limit:
        return True
    _lock(user_id)
    members = Job.objects.filter(user=user_id, parent__isnull=False)
    running = members.filter(status=JobStatus.PROCESSING).count()
    return _active_singles(user_id) + running < limit


@contextmanager
def place(user: Any) -> Iterator[None]:
    """Insert a single job within it. Raises TooManyJobs."""
    limit = store.get(MAX_CONCURRENT_JOBS_PER_USER)
    if not limit:
        yield
        return
    with transaction.atomic():
        _lock(user.pk)
        active = _active_singles(user.pk)
        if active >= limit:
            raise TooManyJobs(activeJobs=active, limit=limit)
        yield


def hand_on(job: Job) -> None:
    """A job has ended: there may be room for a member of a batch that had to wait for it. Without a limit
    there always is, and this costs no query: a turn that was put off under an earlier one comes by itself."""
    if store.get(MAX_CONCURRENT_JOBS_PER_USER) and queue.waiting_batches(job.user_id).exists():
        queue.enqueue_turn(job.user_id)


def _lock(user_id: UUID | None) -> None:
    transaction_lock(f"share of {user_id}")


def _active_singles(user_id: UUID | None) -> int:
    """Running, or waiting to."""
    active = Job.objects.filter(status__in=(JobStatus.QUEUED, JobStatus.PROCESSING), user=user_id)
    return active.filter(parent=None).exclude(type=BATCH).count()
