"""A job as the history shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from accounts.models import User
from processing.adapters.outcome import Outcome
from processing.adapters.words import settings_of
from processing.api.answers import is_expired
from processing.batches.outcome import retry_title
from processing.history.thumbnails import pictured
from processing.models import BATCH, FINISHED, UNDONE, Job, JobStatus


@dataclass(frozen=True)
class MemberCounts:
    """How far a batch is."""

    total: int
    finished: int
    failed: int
    undone: int
    retryable: int


class Item(Outcome):
    """One row: everything the templates ask about a job and can be told without another query."""

    def __init__(self, job: Job, *, user: User, members: MemberCounts | None) -> None:
        super().__init__(job, user=user)
        self.members = members

    @cached_property
    def told(self) -> str:
        """What the tools were told, in words."""
        parts = ["Batch" if self.job.type == BATCH else "", settings_of(self.job)]
        return " · ".join(part for part in parts if part)

    @cached_property
    def has_thumbnail(self) -> bool:
        return pictured(self.job) is not None

    @property
    def input_name(self) -> str:
        """Of a batch how many files."""
        if self.members is None:
            return super().input_name
        return "1 file" if self.members.total == 1 else f"{self.members.total} files"

    @property
    def can_download(self) -> bool:
        """A batch that was canceled has what was done until then."""
        return self.job.is_finished and self.main is not None and not is_expired(self.job)

    @property
    def can_retry(self) -> bool:
        """Whether files of a batch were not done that are still there."""
        kept = self.members.retryable if self.members else 0
        return bool(kept and self.job.is_finished and not is_expired(self.job) and self.can_run_again)

    @property
    def retry_title(self) -> str:
        return retry_title(self.members.undone, self.job) if self.members else ""

    @property
    def icon(self) -> str:
        if self.job.type == BATCH:
            return "layers"
        return self.tool.icon if self.tool else "shapes"

    @property
    def owner(self) -> str:
        return self.job.user.username if self.job.user else "Nobody any more"


def items_of(jobs: Iterable[Job], *, user: User) -> list[Item]:
    """In their order; one query more if there are batches among them."""
    jobs = list(jobs)
    members = _members([job.pk for job in jobs if job.type == BATCH])
    return [Item(job, user=user, members=members.get(job.pk)) for job in jobs]


def _members(batches: list[UUID]) -> Mapping[UUID, MemberCounts]:
    if not batches:
        return {}
    members = Job.objects.filter(parent__in=batches).order_by()
    counts = members.values_list("parent").annotate(
        total=Count("pk"),
        finished=_count(status__in=FINISHED),
        failed=_count(status=JobStatus.FAILED),
        undone=_count(status__in=UNDONE),
        retryable=_count(status__in=UNDONE, bytes_in__gt=0),
    )
    return {parent: MemberCounts(*figures) for parent, *figures in counts}


def _count(**conditions: Any) -> Count:
    return Count("pk", filter=Q(**conditions))
