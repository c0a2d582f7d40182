"""The fast lane: a web process's own children, for what is done before anybody would wait."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from django.conf import settings
from django.db import connection

from audit import context
from processing import runner, services, tool_audit
from processing.engine.errors import InternalFailure
from processing.engine.pool import ChildPool
from processing.models import Job
from processing.tooling import Tool

log = logging.getLogger(__name__)


class FastLane:
    """Created after the web process forked: children and threads do not survive a fork."""

    def __init__(self, children: int) -> None:
        self.pool = ChildPool(children, memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20)
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="lane")

    def warm(self) -> None:
        self.pool.warm()

    def run(self, job: Job, tool: Tool, wait_seconds: float) -> runner.ActiveRun:  # type: ignore[type-arg]
        """Run a claimed job; wait for it at most so long, then let a lane thread see it through."""
        run = runner.start(job, tool, self.pool)
        if not runner.drive(run, wait_seconds):
            self._threads.submit(_see_through, run, tool_audit.detached(context.current()))
        return run

    def close(self) -> None:
        self.pool.close()
        self._threads.shutdown(wait=True)


def _see_through(run: runner.ActiveRun, where: context.RequestContext) -> None:
    with context.use(where):
        try:
            runner.drive(run)
        except Exception:  # a lane thread has nobody above it: log here, and end the job for its owner
            log.exception("job %s was lost by its lane", run.job.pk)
            services.job_fail(job=run.job, error=InternalFailure(), duration_ms=run.duration_ms)
        finally:
            connection.close()


_creating = threading.Lock()


def fast_lane() -> FastLane:
    with _creating:
        return _fast_lane()


@lru_cache(maxsize=1)
def _fast_lane() -> FastLane:
    return FastLane(max(1, -(-settings.CONCURRENT_JOBS // settings.WEB_WORKERS)))
