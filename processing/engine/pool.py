"""Tools run in child processes, which can be killed, and may crash or want too much, without harm to others.

    pool = ChildPool(2, memory_bytes=2 * 2**30)
    result = pool.submit(request).wait(timeout=None)

Make one pool per web or worker process and use it from any thread. Under gunicorn that means in the worker,
when it is first needed or in `post_worker_init`. A pool that a process inherits by `fork` starts afresh in
it, with children of its own. Nothing survives the owner: see processing.engine.fork_server.

Why not a library: docs/decisions/child-processes.md.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue

from processing.engine import progress_file
from processing.engine.child import Child, ForkServer, ServerLost
from processing.engine.errors import Canceled, InternalFailure
from processing.engine.fork_server import Bug, ChildSettings
from processing.engine.request import Request, RunResult
from snapotter.common.errors import SnapOtterError

logger = logging.getLogger(__name__)

EXECUTE = "processing.engine.execute:execute"
_HAND_OVERS = 3
"""An idle child may have been killed, and the fork server with it; the third child is surely a new one."""


class PoolClosed(Exception):
    """The pool takes no more requests: its owner is ending."""


class ChildRun:
    """One submitted request. Thread-safe."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._future: Future[RunResult] = Future()
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._canceled = False

    def wait(self, timeout: float | None) -> RunResult:
        """The result, or the run's SnapOtterError. TimeoutError if it takes longer than `timeout` seconds."""
        return self._future.result(timeout)

    @property
    def done(self) -> bool:
        return self._future.done()

    def progress(self) -> tuple[float, str]:
        """Fraction (0..1) and stage."""
        path = self.request.progress_path
        return progress_file.read(path) if path else (0.0, "")

    def cancel(self) -> None:
        """Kill the run, or take it out of the queue; `wait` raises Canceled as soon as its process is gone.
        A finished run keeps its outcome."""
        with self._lock:
            self._canceled = True
            if self._child:
                self._child.kill()
            else:
                self._settle(Canceled())

    def _attach(self, child: Child) -> bool:
        with self._lock:
            self._child = None if self._canceled else child
            return not self._canceled

    def _detach(self) -> bool:
        """From here on a cancel cannot hit the child, which may serve another run. True if one came."""
        with self._lock:
            self._child = None
            return self._canceled

    def _finish(self, outcome: RunResult | SnapOtterError) -> None:
        with self._lock:
            self._settle(outcome)

    def _settle(self, outcome: RunResult | SnapOtterError) -> None:
        if self._future.done():
            return
        if isinstance(outcome, SnapOtterError):
            self._future.set_exception(outcome)
        else:
            self._future.set_result(outcome)


class ChildPool:
    """At most `size` children. What is submitted beyond that waits in order.

    `memory_bytes` bounds the address space of a child, of which Python and Pillow take 60 MB to begin with; a
    run's own limit can only be lower. `function` (`module:name`) is what children call, for tests.
    """

    def __init__(
        self, size: int, *, memory_bytes: int, preload: bool = True, nice: int = 0, function: str = EXECUTE
    ) -> None:
        self.size = size
        self._settings = ChildSettings(function, memory_bytes, preload, nice)
        self._begin()
        _pools.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._fork_lock = threading.Lock()
        self._server: ForkServer | None = None
        self._idle: deque[Child] = deque()
        self._unfinished: set[ChildRun] = set()
        self._queue: SimpleQueue[ChildRun | None] = SimpleQueue()
        self._lanes: list[threading.Thread] = []
        self._closed = False

    @property
    def running(self) -> int:
        return min(len(self._unfinished), self.size)

    def warm(self) -> None:
        """Start all children now, so that the first requests are quick."""
        while len(self._idle) + self.running < self.size:
            self._idle.append(self._fork())

    def submit(self, request: Request) -> ChildRun:
        run = ChildRun(request)
        with self._lock:
            if self._closed:
                raise PoolClosed
            self._open_lanes()
            self._unfinished.add(run)
        self._queue.put(run)
        return run

    def close(self) -> None:
        """Kill what runs, forget what waits (both end as Canceled) and return when every process is gone."""
        with self._lock:
            self._closed = True
            unfinished, lanes = tuple(self._unfinished), self._lanes
        for run in unfinished:
            run.cancel()
        for _ in lanes:
            self._queue.put(None)
        for lane in lanes:
            lane.join()
        self._end_processes()

    def _end_processes(self) -> None:
        while self._idle:
            self._idle.pop().close()
        self._end_server()

    def _open_lanes(self) -> None:
        """A lane is a thread that hands runs to a child and waits for it. Daemons: an owner that ends without
        closing must not hang on a long run, and its children end with it anyway."""
        while len(self._lanes) < self.size:
            lane = threading.Thread(target=self._serve, name="child-lane", daemon=True)
            self._lanes.append(lane)
            lane.start()

    def _serve(self) -> None:
        while run := self._queue.get():
            outcome = self._outcome(run)
            with self._lock:
                self._unfinished.discard(run)
            run._finish(outcome)
            del run, outcome  # results must not stay alive until the next run

    def _outcome(self, run: ChildRun) -> RunResult | SnapOtterError:
        try:
            child = None if run.done else self._hand_over(run)
            return self._result(run, child) if child else Canceled()
        except Exception:
            logger.exception("A run failed outside of its tool")
            return InternalFailure()

    def _hand_over(self, run: ChildRun) -> Child | None:
        """The child that took the request; None if the run was canceled before."""
        for _ in range(_HAND_OVERS):
            child = self._take()
            if not run._attach(child):
                self._give_back(child)
                return None
            if self._start(run, child):
                return child
        raise ServerLost("children end before they take a request")

    def _start(self, run: ChildRun, child: Child) -> bool:
        started = False
        try:
            started = child.start(run.request)
        finally:
            if not started:
                run._detach()
                child.close()
        return started

    def _result(self, run: ChildRun, child: Child) -> RunResult | SnapOtterError:
        try:
            outcome = child.outcome(run.request.limits.timeout_seconds)
        finally:
            canceled = run._detach()
            child.reusable &= not canceled
            self._give_back(child)
        return Canceled() if canceled else _presentable(outcome)

    def _take(self) -> Child:
        try:
            return self._idle.pop()
        except IndexError:
            return self._fork()

    def _give_back(self, child: Child) -> None:
        if child.reusable:
            self._idle.append(child)
        else:
            child.close()

    def _fork(self) -> Child:
        """A fork server that is lost is replaced once."""
        with self._fork_lock:
            try:
                return self._running_server().fork()
            except ServerLost:
                self._end_server()
                return self._running_server().fork()

    def _running_server(self) -> ForkServer:
        self._server = self._server or ForkServer(self._settings)
        return self._server

    def _end_server(self) -> None:
        server, self._server = self._server, None
        if server:
            server.close()

    def _after_fork(self) -> None:
        """In the process that was forked off the owner."""
        if self._server:
            self._server.abandon()
        self._begin()


def _presentable(outcome: RunResult | SnapOtterError) -> RunResult | SnapOtterError:
    if isinstance(outcome, Bug):
        logger.error("A tool failed unexpectedly\n%s", outcome.details)
        return InternalFailure()
    return outcome


_pools: weakref.WeakSet[ChildPool] = weakref.WeakSet()


def _restart_pools() -> None:
    for pool in tuple(_pools):
        pool._after_fork()


os.register_at_fork(after_in_child=_restart_pools)
