"""The fast lane: a web process's own children, for what is done before anybody would wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Final

from django.conf import settings

from processing import runner
from processing.engine.pool import ChildPool
from processing.models import Job

MOST_WORK: Final = 30.0
"""Megapixels for one child, with what is ahead of them. A resize of as many takes 0.3 seconds, the slowest
there is, written as TIFF, 4 seconds."""


class FastLane:
    """Created after the web process forked: children and threads do not survive a fork."""

    def __init__(self, children: int) -> None:
        self.pool = ChildPool(children, memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20)
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="lane")
        self._lock = threading.Lock()
        self._work = 0.0

    def warm(self) -> None:
        self.pool.warm()

    def enter(self, work: float) -> bool:
        """Take a place, if it is soon done with and so is what is ahead of it. `run` and `leave` give it
        back."""
        with self._lock:
            if work > MOST_WORK or self._work + work > MOST_WORK * self.pool.size:
                return False
            self._work += work
            return True

    def leave(self, work: float) -> None:
        with self._lock:
            self._work -= work

    @contextmanager
    def occupied(self, work: float) -> Iterator[None]:
        """Work that is done here whatever is ahead of it: what comes meanwhile counts it."""
        with self._lock:
            self._work += work
        try:
            yield
        finally:
            self.leave(work)

    def run(self, job: Job, work: float, wait_seconds: float) -> None:
        """Run a claimed job; wait for it at most so long, then let a lane thread see it through."""
        with ExitStack() as place:
            place.callback(self.leave, work)
            run = runner.start(job, self.pool)
            if run is None or runner.drive(run, wait_seconds):
                return
            self._threads.submit(_see_through, run, place.pop_all())

    def close(self) -> None:
        self.pool.close()
        self._threads.shutdown(wait=True)


def _see_through(run: runner.ActiveRun, place: ExitStack) -> None:
    with place:
        runner.see_through(run)


_creating = threading.Lock()


def fast_lane() -> FastLane:
    with _creating:
        return _fast_lane()


@lru_cache(maxsize=1)
def _fast_lane() -> FastLane:
    return FastLane(max(1, -(-settings.CONCURRENT_JOBS // settings.WEB_WORKERS)))
