"""The fast lane: a web process's own children, for what is done before anybody would wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.conf import settings

from processing import runner
from processing.engine.pool import ChildPool
from processing.models import Job

MOST_WORK: Final = 30.0
"""Megapixels for one child, with what is ahead of them. A resize of as many takes 0.3 seconds, the slowest
there is, written as TIFF, 4 seconds."""
MOST_RUNS: Final = settings.REQUEST_THREADS // 2
"""However little each is: a request waits for each, in a thread of the web process."""


@dataclass(frozen=True, eq=False)
class Place:
    work: float
    user_id: UUID | None = None
    """Nobody's is what the server does for itself."""


class FastLane:
    """Created after the web process forked: children and threads do not survive a fork."""

    def __init__(self, children: int) -> None:
        self.pool = ChildPool(children, memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20)
        self._threads = ThreadPoolExecutor(settings.REQUEST_THREADS, thread_name_prefix="lane")
        self._lock = threading.Lock()
        self._places: set[Place] = set()

    def warm(self) -> None:
        self.pool.warm()

    def enter(self, work: float, *, user_id: UUID) -> Place | None:
        """Take a place, if it is soon done with and so is what is ahead of it.

        `run` and `leave` give it back. Whoever has none yet may wait behind a full lane, so that nobody keeps
        the others out.
        """
        with self._lock:
            is_first = all(place.user_id != user_id for place in self._places)
            is_free = work <= MOST_WORK and self._has_room(work, 2 if is_first else 1)
            return self._take(Place(work, user_id)) if is_free else None

    def _has_room(self, work: float, times: int) -> bool:
        ahead = sum(place.work for place in self._places)
        return len(self._places) < times * MOST_RUNS and ahead + work <= times * MOST_WORK * self.pool.size

    def leave(self, place: Place) -> None:
        with self._lock:
            self._places.remove(place)

    @contextmanager
    def occupied(self, work: float) -> Iterator[None]:
        """Work that is done here whatever is ahead of it: what comes meanwhile counts it."""
        with self._lock:
            place = self._take(Place(work))
        try:
            yield
        finally:
            self.leave(place)

    def _take(self, place: Place) -> Place:
        self._places.add(place)
        return place

    def run(self, job: Job, place: Place, wait_seconds: float) -> None:
        """Run a claimed job; wait for it at most so long, then let a lane thread see it through."""
        with ExitStack() as end:
            end.callback(self.leave, place)
            run = runner.start(job, self.pool)
            if run is None or runner.drive(run, wait_seconds):
                return
            self._threads.submit(_see_through, run, end.pop_all())

    def close(self) -> None:
        self.pool.close()
        self._threads.shutdown(wait=True)


def _see_through(run: runner.ActiveRun, end: ExitStack) -> None:
    with end:
        runner.see_through(run)


_creating = threading.Lock()


def fast_lane() -> FastLane:
    with _creating:
        return _fast_lane()


@lru_cache(maxsize=1)
def _fast_lane() -> FastLane:
    return FastLane(max(1, -(-settings.CONCURRENT_JOBS // settings.WEB_WORKERS)))
