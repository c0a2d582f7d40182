"""Reading the members of a batch; whoever may see the batch may see them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from processing.models import UNDONE, Job


def members_of(batch: Job) -> QuerySet[Job]:
    """In the order of the upload."""
    return Job.objects.filter(parent=batch).order_by("created_at", "pk")


def neighbours_of(member: Job) -> tuple[Job | None, Job | None]:
    """The files before it and after it."""
    if member.parent is None:
        return None, None
    members = members_of(member.parent)
    same_moment = Q(created_at=member.created_at)
    before = members.filter(Q(created_at__lt=member.created_at) | same_moment & Q(pk__lt=member.pk))
    after = members.filter(Q(created_at__gt=member.created_at) | same_moment & Q(pk__gt=member.pk))
    return before.last(), after.first()


def failures_of(batch: Job) -> list[dict[str, str]]:
    """`{filename, error}` of each file that failed or was canceled, in the order of the upload."""
    undone = members_of(batch).filter(status__in=UNDONE).only("input_files", "error")
    return [{"filename": member.input_name, "error": member.error} for member in undone]
