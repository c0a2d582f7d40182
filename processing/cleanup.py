"""Removing what is not needed any more: files and rows of jobs past their time, and what crashes left.

Everything is decided anew each time from what is there, so it may be interrupted anywhere and run again. One
at a time is enough: a second one finds the lock taken and goes home.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from django.conf import settings
from django.db.models import QuerySet

from accounts.leftovers import expired_sessions, old_login_attempts
from audit.retention import audit_prune, prunable
from processing import job_retention, leftovers
from processing.leftovers import Removed
from processing.periodic import Periodic
from snapotter.common.deletion import delete_in_chunks
from snapotter.common.locks import advisory_lock_if_free
from snapotter.runtime import store
from snapotter.runtime.registry import STARTUP_CLEANUP

log = logging.getLogger(__name__)


class _Step(Protocol):
    def __call__(self, *, dry_run: bool) -> Iterator[Removed]: ...


def cleanup(*, dry_run: bool = False) -> list[Removed]:
    """Remove everything that is over; with `dry_run` only count it. Empty while another cleanup goes on.

    What fails is logged and counted, and the rest goes on.
    """
    with advisory_lock_if_free("snapotter.cleanup") as is_ours:
        if not is_ours:
            return []
        return [removed for name, step in _STEPS.items() for removed in _tried(name, step, dry_run)]


def cleaner() -> Periodic:
    """What every worker has: at the start, if `startupCleanup` says so, and then every so often."""
    return Periodic("cleanup", _clean_up, 60 * settings.CLEANUP_INTERVAL_MINUTES, first=_clean_up_at_start)


def _clean_up_at_start() -> None:
    if store.get(STARTUP_CLEANUP):
        _clean_up()


def _clean_up() -> None:
    found = [f"{removed.what} {removed.count}" for removed in cleanup() if removed.count]
    if found:
        log.info("cleaned up: %s", ", ".join(found))


def _tried(name: str, step: _Step, dry_run: bool) -> list[Removed]:
    try:
        return list(step(dry_run=dry_run))
    except Exception:
        log.exception("the cleanup of %s failed; the next one may not", name)
        return [Removed(name, failed=1)]


def _jobs(*, dry_run: bool) -> Iterator[Removed]:
    """Rows say "expired" before their files go, and files go before rows."""
    if not dry_run:
        job_retention.old_jobs_expire()
    yield from leftovers.job_files(dry_run=dry_run)
    yield Removed("jobs", job_retention.old_jobs().count() if dry_run else job_retention.old_jobs_delete())


def _rows(what: str, find: Callable[[], QuerySet[Any]]) -> _Step:
    def step(*, dry_run: bool) -> Iterator[Removed]:
        yield Removed(what, find().count() if dry_run else delete_in_chunks(find()))

    return step


def _audit_entries(*, dry_run: bool) -> Iterator[Removed]:
    yield Removed("audit entries", prunable() if dry_run else audit_prune())


_STEPS: Final[dict[str, _Step]] = {
    "jobs": _jobs,
    "scratch directories": leftovers.scratch,
    "half uploads": leftovers.uploads,
    "expired sessions": _rows("expired sessions", expired_sessions),
    "sign-in attempts": _rows("sign-in attempts", old_login_attempts),
    "audit entries": _audit_entries,
}
