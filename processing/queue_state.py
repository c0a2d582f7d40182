"""Whether anybody carries the queue, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateWorker

from processing.models import BATCH, Job, JobStatus
from processing.recovery import STALLED_SECONDS


@dataclass(frozen=True)
class QueueState:
    """`workers` were heard of within a minute. Files of batches are counted one by one, batches are not."""

    workers: int
    active: int
    pending: int
    oldest: datetime | None
    """Since when the one that waits the longest does."""

    @property
    def is_abandoned(self) -> bool:
        return bool(self.pending) and not self.workers


def is_carried() -> bool:
    """Whether any worker lives."""
    return _living_workers().exists()


def queue_state() -> QueueState:
    unfinished = Job.objects.filter(status__in=(JobStatus.QUEUED, JobStatus.PROCESSING)).exclude(type=BATCH)
    waiting = Q(status=JobStatus.QUEUED)
    return QueueState(
        workers=_living_workers().count(),
        **unfinished.aggregate(
            active=Count("pk", filter=~waiting),
            pending=Count("pk", filter=waiting),
            oldest=Min("created_at", filter=waiting),
        ),
    )


def _living_workers() -> QuerySet[ProcrastinateWorker]:
    heard_of = Now() - timedelta(seconds=STALLED_SECONDS)
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=heard_of)
