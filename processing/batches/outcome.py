"""A batch as a page shows it: how far it is, and a page of its files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from django.core.paginator import Page, Paginator

from accounts.models import User
from processing.adapters.outcome import Outcome
from processing.api.answers import is_expired
from processing.batches.ending import members_of
from processing.models import UNDONE, Job, JobStatus
from processing.progress.batch import BatchTally, batch_tally
from processing.retries import can_retry

SHOWN: Final = 100


class BatchOutcome(Outcome):
    """`query` is what the page was asked for: `page`, and `show=failed` for those files alone."""

    def __init__(self, job: Job, *, user: User, query: Mapping[str, str]) -> None:
        super().__init__(job, user=user)
        self.shows_failed = query.get("show") == "failed"
        self._page = query.get("page", "1")

    @cached_property
    def tally(self) -> BatchTally:
        return batch_tally(job=self.job)

    @property
    def input_name(self) -> str:
        return f"{self.tally.total} file" if self.tally.total == 1 else f"{self.tally.total} files"

    @property
    def stage(self) -> str:
        if self.job.cancel_requested or self.job.status == JobStatus.QUEUED:
            return super().stage
        return f"{self.tally.ended} of {self.tally.total} files"

    @property
    def percent(self) -> int:
        return self.tally.ended * 100 // self.tally.total

    @cached_property
    def page(self) -> Page[Job]:
        members = members_of(self.job)
        shown = members.filter(status__in=UNDONE) if self.shows_failed else members
        return Paginator(shown, SHOWN).get_page(self._page)

    @property
    def files(self) -> list[Outcome]:
        return [Outcome(member, user=self.user) for member in self.page]

    @cached_property
    def can_download(self) -> bool:
        return bool(self.job.is_finished and self.main and not is_expired(self.job))

    @property
    def done_bytes_in(self) -> int:
        """Of the files that `bytes_out` came from."""
        done = members_of(self.job).filter(status=JobStatus.COMPLETED)
        return sum(done.values_list("bytes_in", flat=True))

    @cached_property
    def can_retry(self) -> bool:
        return self.can_run_again and can_retry(self.job)

    @property
    def retry_title(self) -> str:
        return retry_title(len(self.tally.failed), self.job)

    @property
    def address(self) -> str:
        """What this very page is asked for by, after the job's own address."""
        failed = "show=failed&" if self.shows_failed else ""
        return f"?{failed}page={self.page.number}"


def retry_title(count: int, batch: Job) -> str:
    """What the button says that runs once more the `count` files that were not done."""
    if batch.status == JobStatus.CANCELED:
        return f"Run the {count} that {'were' if count > 1 else 'was'} left"
    return "Try all again" if batch.status == JobStatus.FAILED else f"Try the {count} that failed again"


def outcome_of(job: Job, *, user: User, query: Mapping[str, str]) -> Outcome:
    """Of whichever job."""
    return BatchOutcome(job, user=user, query=query) if job.type == "batch" else Outcome(job, user=user)
