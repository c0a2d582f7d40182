"""Bring a batch up to date with its members, and end it after the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils import timezone

from processing.batches.archive import archive_of, entries_of
from processing.batches.selectors import members_of
from processing.engine.errors import Canceled
from processing.job_retention import delete_after
from processing.models import FINISHED, Job, JobStatus
from processing.results import Failure, JobResult, StoredOutput
from snapotter.common.errors import SnapOtterError


class AllFilesFailed(SnapOtterError):
    """All files failed"""

    status = 422
    code = "ALL_FILES_FAILED"


def batch_advance(*, batch_id: UUID) -> None:
    """Note how many members have ended; end the batch with the last.

    The batch is locked before its members are counted, so that of several that end at once, the last to
    count has seen them all.
    """
    with transaction.atomic():
        batch = Job.objects.select_for_update(no_key=True).filter(pk=batch_id).first()
        if batch is None or batch.is_finished:
            return
        counts = (
            members_of(batch)
            .order_by()
            .aggregate(total=Count("pk"), ended=Count("pk", filter=Q(status__in=FINISHED)))
        )
        if counts["ended"] < counts["total"]:
            _update(batch, progress=counts["ended"] / counts["total"])
        else:
            _end(batch)


def _end(batch: Job) -> None:
    members = list(
        members_of(batch).only("status", "cancel_requested", "result", "bytes_out", "completed_at")
    )
    entries = entries_of(members)
    archive = archive_of(batch, entries) if entries else None
    over = delete_after()
    members_of(batch).update(delete_after=over)  # all go together with the batch
    _update(
        batch,
        **_outcome(archive, is_canceled=_is_canceled(batch, members)),
        progress=1.0,
        bytes_out=sum(member.bytes_out for member in members),
        delete_after=over,
        completed_at=Now(),
        duration_ms=_milliseconds_since(batch.created_at),
    )


def _milliseconds_since(moment: datetime) -> int:
    return round((timezone.now() - moment).total_seconds() * 1000)


def _is_canceled(batch: Job, members: Sequence[Job]) -> bool:
    """Not if all members had ended already: whoever canceled it is told that it came too late."""
    return batch.cancel_requested and any(member.cancel_requested for member in members)


def _outcome(archive: StoredOutput | None, *, is_canceled: bool) -> dict[str, Any]:
    """What was made before a batch was canceled is kept."""
    error = Canceled() if is_canceled else None if archive else AllFilesFailed()
    result = JobResult(outputs=[archive] if archive else [], failure=Failure.of(error) if error else None)
    if error is None:
        return {"status": JobStatus.COMPLETED, "result": result.wire()}
    status = JobStatus.CANCELED if is_canceled else JobStatus.FAILED
    return {"status": status, "result": result.wire(), "error": error.message, "error_code": error.code}


def _update(batch: Job, **values: Any) -> None:
    Job.objects.filter(pk=batch.pk).exclude(status__in=FINISHED).update(**values)
