"""Reading the members of a batch; whoever may see the batch may see them."""

from __future__ import annotations

from processing.api.answers import BatchBody, batch_file_body, input_name
from processing.batches.ending import members_of
from processing.models import UNDONE, Job
from processing.progress.batch import batch_tally
from snapotter.common.paging import Page


def failures_of(batch: Job) -> list[dict[str, str]]:
    """`{filename, error}` of each file that failed, in the order of the upload."""
    failed = members_of(batch).filter(status__in=UNDONE)
    return [
        {"filename": input_name(member.input_files[0]), "error": member.error}
        for member in failed.only("input_files", "error")
    ]


def batch_body(batch: Job, page: Page, *, expired: bool) -> BatchBody:
    """One page of its files, and the figures of all."""
    tally = batch_tally(job=batch)
    start = (page.number - 1) * page.limit
    members = members_of(batch)[start : start + page.limit]
    return BatchBody(
        total_files=tally.total,
        completed_files=tally.ended,
        failed_files=len(tally.failed),
        files=[
            batch_file_body(member, index, expired=expired) for index, member in enumerate(members, start)
        ],
        page=page.number,
        limit=page.limit,
    )
