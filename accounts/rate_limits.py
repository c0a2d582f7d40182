"""How many requests somebody may send in a minute, counted over all processes, mostly without a query.

The count of a key in a minute is a row that every process adds to. A process does not add one request at a
time: it reserves some (2 % of the limit) by one statement and spends them from memory, so that of a limit of
1000 only every twentieth request costs a query. What is reserved is never more than the limit, so neither is
what is admitted; the price is that what one process reserved and did not spend, another cannot use, so a
client may be refused some requests early. Limits below 100 are reserved one by one, and exact.

Minutes are those of the clock, so two of them that touch admit twice the limit around their border. A sliding
window would need the time of every request.

While the database does not answer everything is admitted: what needs it fails by itself, and the health check
must be able to say why. The lock guards memory alone, never a query: who waits for a connection must not
keep those waiting who have one.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.db import Error, connection
from django.http import HttpRequest

from accounts.addresses import site_of
from audit import context
from snapotter.common.errors import TooManyRequests

log = logging.getLogger(__name__)

SECONDS: Final = 60
RESERVED_SHARE: Final = 0.02
KEPT_MINUTES: Final = 10  # the clocks of several hosts may differ by less
PATIENCE_SECONDS: Final = 5  # with a database that failed, or is silent: else each request would wait for it

_RESERVE: Final = """
    INSERT INTO rate_limit_counters AS counter (minute, key, hits) VALUES (%s, %s, %s)
    ON CONFLICT (minute, key) DO UPDATE SET hits = counter.hits + excluded.hits
    RETURNING hits
"""
_REMOVE_OLD: Final = """
    DELETE FROM rate_limit_counters WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM rate_limit_counters WHERE minute < %s FOR UPDATE SKIP LOCKED))
"""


@dataclass(frozen=True)
class Standing:
    """Where somebody stands after a request. `remaining` is what this process knows of."""

    limit: int
    admitted: bool
    remaining: int
    reset_seconds: int


@dataclass
class _Share:
    """Of a limit in this minute: `free` was nobody's when last asked, `ours` is reserved and not spent."""

    free: int
    ours: int = 0

    def spend(self) -> bool:
        if not self.ours:
            return False
        self.ours -= 1
        return True


class RateCounter:
    """One per process. Forgets every minute what it knew; `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at: list[float] = []
        self.forget()

    def forget(self) -> None:
        self._minute = 0
        self._shares: dict[str, _Share] = {}
        self._failed_at = -math.inf

    def count(self, key: str, limit: int) -> Standing:
        """Count a request of `key`, and say whether it is within `limit` requests a minute."""
        now = self._clock()
        minute, since = int(now // SECONDS), now % SECONDS
        with self._lock:
            begins = self._turn_to(minute)
            share = self._shares.setdefault(key, _Share(free=limit))
            admitted = share.spend()
        if not admitted and share.free:
            admitted = self._reserve_and_spend(share, limit, minute, key)
        if begins:
            self._ask(_REMOVE_OLD, minute - KEPT_MINUTES)
        return Standing(limit, admitted, share.free + share.ours, math.ceil(SECONDS - since))

    def _turn_to(self, minute: int) -> bool:
        """Whether the minute is another one than before."""
        if minute == self._minute:
            return False
        self._minute, self._shares = minute, {}
        return True

    def _reserve_and_spend(self, share: _Share, limit: int, minute: int, key: str) -> bool:
        wanted = max(1, int(limit * RESERVED_SHARE))
        total = self._ask(_RESERVE, minute, key, wanted)
        if total is None:
            return True
        with self._lock:
            share.ours += max(0, wanted - max(0, total - limit))
            share.free = min(share.free, max(0, limit - total))
            return share.spend()

    def _ask(self, statement: str, *parameters: int | str) -> int | None:
        """What the database answers, None when it does not."""
        now = self._clock()
        failed = abs(now - self._failed_at) < PATIENCE_SECONDS
        if failed or now - min(self._asked_at, default=now) > PATIENCE_SECONDS:
            return None
        self._asked_at.append(now)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                row = cursor.fetchone() if cursor.description else None
        except Error as error:
            self._failed_at = self._clock()
            log.error("requests are not counted, as the database does not answer: %s", error)
            return None
        finally:
            self._asked_at.remove(now)
        return row[0] if row else None


counter = RateCounter()


def admit(request: HttpRequest, key: str, limit: int) -> None:
    """Count a request, and note in it where its sender stands: of several limits, the one nearest to its end.

    Raises TooManyRequests.
    """
    standing = counter.count(key, limit)
    before: Standing | None = standing_of(request)
    if before is None or standing.remaining <= before.remaining:
        request.rate_standing = standing  # type: ignore[attr-defined]
    if not standing.admitted:
        seconds = standing.reset_seconds
        raise TooManyRequests(
            f"More than {limit} requests in a minute; try again in {seconds} seconds.", retryAfter=seconds
        )


def standing_of(request: HttpRequest) -> Standing | None:
    """What `admit` noted; None when nothing was counted."""
    return getattr(request, "rate_standing", None)


def key_of_address() -> str:
    """What the current request is counted by when nobody is signed in."""
    address = context.current().ip_address
    return f"address {site_of(address)}" if address else "address unknown"
