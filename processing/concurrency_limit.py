"""How many jobs of one user may run at once: what an administrator allows of `maxConcurrentJobsPerUser`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

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
    """Whether one more job of the user may run; nobody else is told so until the transaction ends."""
    limit = store.get(MAX_CONCURRENT_JOBS_PER_USER)
    return not limit or _active_when_locked(user_id) < limit


@contextmanager
def place(user: Any) -> Iterator[None]:
    """Insert a job within it. Raises TooManyJobs."""
    limit = store.get(MAX_CONCURRENT_JOBS_PER_USER)
    if not limit:
        yield
        return
    with transaction.atomic():
        active = _active_when_locked(user.pk)
        if active >= limit:
            raise TooManyJobs(activeJobs=active, limit=limit)
        yield


def hand_on(job: Job) -> None:
    """A job has ended: there may be room for a member of a batch that had to wait for it."""
    if store.get(MAX_CONCURRENT_JOBS_PER_USER):
        queue.enqueue_turn(job.user_id)


def _active_when_locked(user_id: UUID | None) -> int:
    """Running, or waiting to; of members those that run, as the others wait for their turn."""
    transaction_lock(f"share of {user_id}")
    running = Q(status=JobStatus.PROCESSING)
    single = Q(status=JobStatus.QUEUED, parent=None)
    return Job.objects.filter(running | single, user=user_id).exclude(type=BATCH).count()
