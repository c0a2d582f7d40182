"""Which part of the history is asked for: the address of the page is the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from processing.models import Job, JobStatus
from processing.selectors import listed, own_jobs, visible_jobs

STATES: Final = {
    "unfinished": ("Not finished", (JobStatus.QUEUED, JobStatus.PROCESSING)),
    "completed": ("Done", (JobStatus.COMPLETED,)),
    "failed": ("Failed", (JobStatus.FAILED,)),
    "canceled": ("Canceled", (JobStatus.CANCELED,)),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MICROSECONDS: Final = 10**17  # the year 5138


@dataclass(frozen=True)
class Position:
    """The job after which a page begins."""

    created_at: datetime
    id: UUID

    @classmethod
    def of(cls, job: Job) -> Position:
        return cls(job.created_at, job.pk)

    @classmethod
    def parse(cls, text: str) -> Position | None:
        moment, _, id = text.partition("-")
        if not (moment.isascii() and moment.isdigit() and int(moment[:20]) < _MOST_MICROSECONDS):
            return None
        try:
            return cls(_EPOCH + timedelta(microseconds=int(moment[:20])), UUID(id))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True)
class HistoryQuery:
    """What is asked for in words we do not know counts as not asked for. `owner` is a user's name; to ask for
    one is to ask for what is not one's own."""

    state: str = ""
    type: str = ""
    everybody: bool = False
    owner: str = ""
    before: Position | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], *, may_see_all: bool) -> HistoryQuery:
        state = query.get("state", "")
        owner = query.get("user", "").strip().replace("\0", "")[:255] if may_see_all else ""
        return cls(
            state=state if state in STATES else "",
            type=query.get("tool", "").replace("\0", "")[:100],
            everybody=may_see_all and (query.get("everybody") == "1" or bool(owner)),
            owner=owner,
            before=Position.parse(query.get("before", "")),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.state or self.type or self.owner)

    def jobs(self, *, user: User, most: int) -> QuerySet[Job]:
        """So many at most, the newest first; the members of a batch are told by the batch."""
        jobs = (visible_jobs if self.everybody else own_jobs)(user=user).filter(parent=None)
        if self.owner:
            owner = User.objects.filter(username=self.owner).first()
            jobs = jobs.filter(user=owner) if owner else jobs.none()
        if self.state:
            jobs = jobs.filter(status__in=STATES[self.state][1])
        if self.type:
            jobs = jobs.filter(type=self.type)
        if self.before:
            same_moment = Q(created_at=self.before.created_at, pk__gt=self.before.id)
            later = Q(created_at__lt=self.before.created_at) | same_moment
            # What follows from the other tells PostgreSQL to begin there and not at the newest
            jobs = jobs.filter(later, created_at__lte=self.before.created_at)
        return listed(jobs=jobs, stop=most).select_related("user")

    @property
    def here(self) -> str:
        """The query string of this very page."""
        return self.address(self.before)

    def address(self, before: Position | None = None) -> str:
        """The query string of the page that begins after `before`."""
        asked = {
            "state": self.state,
            "tool": self.type,
            "everybody": "1" if self.everybody and not self.owner else "",
            "user": self.owner,
            "before": str(before or ""),
        }
        return urlencode({name: value for name, value in asked.items() if value})
