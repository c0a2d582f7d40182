"""The fast lane: a web process's own children, for what is done before anybody would wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

from django.conf import settings

from audit import context
from processing import runner, tool_audit
from processing.engine.pool import ChildPool
from processing.models import Job
from processing.tooling import SourceImage

MOST_MEGAPIXELS: Final = 30.0
MOST_BYTES: Final = 50 * 2**20


class FastLane:
    """Created after the web process forked: children and threads do not survive a fork."""

    def __init__(self, children: int) -> None:
        self.pool = ChildPool(children, memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20)
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="lane")

    def warm(self) -> None:
        self.pool.warm()

    def has_room(self) -> bool:
        return self.pool.has_room()

    def run(self, job: Job, wait_seconds: float) -> None:
        """Run a claimed job; wait for it at most so long, then let a lane thread see it through."""
        run = runner.start(job, self.pool)
        if run is not None and not runner.drive(run, wait_seconds):
            self._threads.submit(_see_through, run, tool_audit.detached(context.current()))

    def close(self) -> None:
        self.pool.close()
        self._threads.shutdown(wait=True)


def is_modest(source: SourceImage) -> bool:
    """Whether a picture is soon done with. All frames count: each is decoded, changed and encoded."""
    megapixels = source.width * source.height * source.frames / 1e6
    return megapixels <= MOST_MEGAPIXELS and source.bytes <= MOST_BYTES


def _see_through(run: runner.ActiveRun, where: context.RequestContext) -> None:
    with context.use(where):
        runner.see_through(run)


_creating = threading.Lock()


def fast_lane() -> FastLane:
    with _creating:
        return _fast_lane()


@lru_cache(maxsize=1)
def _fast_lane() -> FastLane:
    return FastLane(max(1, -(-settings.CONCURRENT_JOBS // settings.WEB_WORKERS)))
