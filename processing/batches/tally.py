"""How far batches are: one count for the REST API, the streams, the page of a batch and the history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from processing.models import UNDONE, Job, JobStatus


@dataclass(frozen=True)
class Tally:
    """Members of a batch. `undone` have failed or were canceled, `kept` are those of them whose file is there
    to be run again, `begun` are all that do not wait any more."""

    total: int = 0
    completed: int = 0
    undone: int = 0
    kept: int = 0
    begun: int = 0

    @property
    def ended(self) -> int:
        return self.completed + self.undone

    @property
    def files(self) -> str:
        return "1 file" if self.total == 1 else f"{self.total} files"

    @property
    def so_far(self) -> str:
        """How far it is, while it goes on."""
        failed = f", {self.undone} failed" if self.undone else ""
        return f"{self.ended} of {self.files}{failed}"

    @property
    def told(self) -> str:
        """What became of them, once all have ended."""
        if self.completed == self.total:
            return f"{self.files} done"
        return f"{self.completed or 'None'} of {self.files} done"


def tally_of(batch: Job) -> Tally:
    return tallies_of([batch.pk]).get(batch.pk, Tally())


def tallies_of(batch_ids: Iterable[UUID]) -> dict[UUID, Tally]:
    """One query, however many and however large they are."""
    undone = Q(status__in=UNDONE)
    members = Job.objects.filter(parent__in=batch_ids).order_by()
    counted = members.values_list("parent").annotate(
        total=Count("pk"),
        completed=Count("pk", filter=Q(status=JobStatus.COMPLETED)),
        undone=Count("pk", filter=undone),
        kept=Count("pk", filter=undone & Q(bytes_in__gt=0)),
        begun=Count("pk", filter=~Q(status=JobStatus.QUEUED)),
    )
    return {batch_id: Tally(*counts) for batch_id, *counts in counted}
