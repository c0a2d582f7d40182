"""A job as the history shows it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from accounts.models import User
from processing.adapters.outcome import Outcome
from processing.adapters.words import settings_of
from processing.batches.tally import tallies_of
from processing.history.thumbnails import pictured
from processing.models import Job


class Item(Outcome):
    """One row: everything the templates ask about a job and can be told without another query."""

    @cached_property
    def told(self) -> str:
        """What the tools were told, in words."""
        parts = ["Batch" if self.job.is_batch else "", settings_of(self.job)]
        return " · ".join(part for part in parts if part)

    @cached_property
    def has_thumbnail(self) -> bool:
        if self.tally:
            return self.job.is_finished and not self.job.is_expired and self.tally.completed > 0
        return pictured(self.job) is not None

    @property
    def icon(self) -> str:
        if self.job.is_batch:
            return "layers"
        return self.tool.icon if self.tool else "shapes"

    @property
    def owner(self) -> str:
        return self.job.user.username if self.job.user else "Nobody any more"


def items_of(jobs: Iterable[Job], *, user: User) -> list[Item]:
    """In their order; one query more if there are batches among them."""
    jobs = list(jobs)
    batches = [job.pk for job in jobs if job.is_batch]
    tallies = tallies_of(batches) if batches else {}
    return [Item(job, user=user, tally=tallies.get(job.pk)) for job in jobs]
