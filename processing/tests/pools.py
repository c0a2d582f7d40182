"""Pools for tests, and short words for running something in them."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from processing.engine.pool import ChildPool
from processing.engine.request import Limits
from processing.tests import child_functions
from processing.tests.child_functions import make_request
from processing.tests.processes import wait_until_gone
from snapotter.tests.waiting import PATIENCE

MEMORY = 2**30


@contextmanager
def opened(size: int = 2, memory_bytes: int = MEMORY, **options: Any) -> Iterator[ChildPool]:
    pool = ChildPool(size, memory_bytes=memory_bytes, **{"function": child_functions.NAME, **options})
    try:
        yield pool
    finally:
        pool.close()


@contextmanager
def unharmed(pool: ChildPool) -> Iterator[ChildPool]:
    """Whatever is done to it, the next run must work and no room be lost."""
    yield pool
    assert value(pool, "echo", value="still here") == "still here"
    assert pool.running == 0


def run(pool: ChildPool, tool: str, limits: Limits | None = None, **settings: Any) -> dict[str, Any]:
    request = dataclasses.replace(make_request(tool, **settings), limits=limits or Limits())
    return pool.submit(request).wait(PATIENCE).data


def value(pool: ChildPool, tool: str, **settings: Any) -> Any:
    return run(pool, tool, **settings)["value"]


def idle_children(pool: ChildPool) -> list[int]:
    return [child.pid for child in pool._idle if child.pid]


def server_pid(pool: ChildPool) -> int:
    pool.warm()
    assert pool._server
    return pool._server.pid


def kill_server(pool: ChildPool) -> int:
    """And wait for the end of its children: a run that one of them has just begun would be lost."""
    server = server_pid(pool)
    children = idle_children(pool)
    os.kill(server, signal.SIGKILL)
    wait_until_gone([server, *children])
    return server
