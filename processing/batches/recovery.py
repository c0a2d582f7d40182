"""Find the batches whose workers or whose turn was lost."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from processing import queue
from processing.batches.ending import batch_advance
from processing.batches.services import members_cancel
from processing.models import BATCH, FINISHED, Job, JobStatus


def batches_recover() -> None:
    """Whatever a crash came between: to cancel all members, to end the batch with them, to hand on a turn."""
    for batch in _unfinished().filter(cancel_requested=True).iterator():
        members_cancel(batch=batch)
    open_members = Job.objects.filter(parent=OuterRef("pk")).exclude(status__in=FINISHED)
    for batch in _unfinished().filter(~Exists(open_members)).iterator():
        batch_advance(batch_id=batch.pk)
    waiting = Job.objects.filter(parent__isnull=False, status=JobStatus.QUEUED, cancel_requested=False)
    for user_id in waiting.order_by().values_list("user_id", flat=True).distinct():
        queue.enqueue_turn(user_id)


def _unfinished() -> QuerySet[Job]:
    return Job.objects.filter(type=BATCH, status__in=(JobStatus.QUEUED, JobStatus.PROCESSING))
