"""A batch as its page shows it: how far it is, and a page of its files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from django.core.paginator import Page, Paginator

from accounts.models import User
from processing.adapters.outcome import Outcome
from processing.batches.selectors import members_of
from processing.batches.tally import tally_of
from processing.models import UNDONE, Job, JobStatus

SHOWN: Final = 100


class BatchOutcome(Outcome):
    """`query` is what the page was asked for: `page`, and `show=failed` for those files alone."""

    def __init__(self, job: Job, *, user: User, query: Mapping[str, str]) -> None:
        super().__init__(job, user=user, tally=tally_of(job))
        self.shows_failed = query.get("show") == "failed"
        self._page = query.get("page", "1")

    @cached_property
    def page(self) -> Page[Job]:
        members = members_of(self.job)
        shown = members.filter(status__in=UNDONE) if self.shows_failed else members
        return Paginator(shown, SHOWN).get_page(self._page)

    @property
    def files(self) -> list[Outcome]:
        return [Outcome(member, user=self.user) for member in self.page]

    @property
    def done_bytes_in(self) -> int:
        """Of the files that `bytes_out` came from."""
        done = members_of(self.job).filter(status=JobStatus.COMPLETED)
        return sum(done.values_list("bytes_in", flat=True))

    @property
    def address(self) -> str:
        """What this very page is asked for by, after the job's own address."""
        return _address(self.page.number, failed=self.shows_failed)

    @property
    def failed(self) -> str:
        return _address(1, failed=True)

    @property
    def previous(self) -> str:
        page = self.page
        return _address(page.previous_page_number(), failed=self.shows_failed) if page.has_previous() else ""

    @property
    def next(self) -> str:
        page = self.page
        return _address(page.next_page_number(), failed=self.shows_failed) if page.has_next() else ""


def _address(page: int, *, failed: bool) -> str:
    return f"?{'show=failed&' if failed else ''}page={page}"


def outcome_of(job: Job, *, user: User, query: Mapping[str, str]) -> Outcome:
    """Of whichever job."""
    return BatchOutcome(job, user=user, query=query) if job.is_batch else Outcome(job, user=user)
