"""Reading the members of a batch; whoever may see the batch may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from processing.models import UNDONE, Job


def members_of(batch: Job) -> QuerySet[Job]:
    """In the order of the upload."""
    return Job.objects.filter(parent=batch).order_by("created_at", "pk")


def failures_of(batch: Job) -> list[dict[str, str]]:
    """`{filename, error}` of each file that failed or was canceled, in the order of the upload."""
    undone = members_of(batch).filter(status__in=UNDONE).only("input_files", "error")
    return [{"filename": member.input_name, "error": member.error} for member in undone]
