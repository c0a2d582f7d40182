"""Which member of which batch is next.

One turn of each user waits in the queue, and whoever takes it puts the next one at the end before the work
begins. So users take turns, whatever the number and size of their batches, while free workers are never idle.
The batches of one user take turns too.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from processing import concurrency_limit, queue
from processing.batches.selectors import members_of
from processing.models import Job, JobStatus
from processing.run_services import job_claim


def claim(*, user_id: UUID | None) -> Job | None:
    """Take the next member of the user's batches, and leave a turn for the one after it. None when there is
    none, or when the user has as many running jobs as one may. Then the turn is put off: the next job that
    ends brings it forward, and if none does, more may run by then."""
    with transaction.atomic():
        if not concurrency_limit.has_room(user_id):
            queue.put_off_turn(user_id)
            return None
        for batch in _batches_that_wait(user_id):
            member = _claim_in(batch)
            if member is not None:
                queue.enqueue_turn(user_id)
                return member
    return None


def _batches_that_wait(user_id: UUID | None) -> QuerySet[Job]:
    """The one that was served the longest ago first."""
    latest = Job.objects.filter(parent=OuterRef("pk"), started_at__isnull=False).order_by("-started_at")
    served = queue.waiting_batches(user_id).annotate(served=Subquery(latest.values("started_at")[:1]))
    return served.order_by(F("served").asc(nulls_first=True), "created_at", "pk")


def _claim_in(batch: Job) -> Job | None:
    waiting = members_of(batch).filter(status=JobStatus.QUEUED, cancel_requested=False)
    free = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)
    first = free.values_list("pk", flat=True).first()
    member = job_claim(job_id=first) if first else None
    if member is not None and batch.status == JobStatus.QUEUED:
        Job.objects.filter(pk=batch.pk, status=JobStatus.QUEUED).update(
            status=JobStatus.PROCESSING, started_at=timezone.now()
        )
    return member
