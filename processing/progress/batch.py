"""How far the members of a batch are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from processing.models import Job, JobStatus

_TOLD = (JobStatus.FAILED, JobStatus.CANCELED, JobStatus.PROCESSING)


@dataclass(frozen=True)
class BatchTally:
    """`failed` and `running` are in the order of the upload."""

    total: int
    completed: int
    failed: list[Job]
    running: list[Job]

    @property
    def ended(self) -> int:
        return self.completed + len(self.failed)


def batch_tally(*, job: Job) -> BatchTally:
    """Two queries, however large the batch; only members that are named are loaded."""
    members = Job.objects.filter(parent=job)
    counts = dict(members.values_list("status").annotate(Count("pk")))
    named = members.filter(status__in=_TOLD).only("status", "error", "input_files")
    told = list(named.order_by("created_at", "pk"))
    return BatchTally(
        total=sum(counts.values()),
        completed=counts.get(JobStatus.COMPLETED, 0),
        failed=[member for member in told if member.status != JobStatus.PROCESSING],
        running=[member for member in told if member.status == JobStatus.PROCESSING],
    )
