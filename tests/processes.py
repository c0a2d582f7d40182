"""The processes of a server, as the operating system shows them."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from typing import Final

import psutil

from processing.worker import NICE
from snapotter.tests.waiting import eventually
from tests.running import RunningServer

BUSY_SECONDS: Final = 0.01
"""Of the processor, within a twentieth of a second, which others may want too."""


def wait_until_ended(processes: Collection[psutil.Process]) -> None:
    """A child of a child is reaped by init a moment later."""
    eventually(lambda: not any(map(lives, processes)), "all have ended")


def lives(process: psutil.Process) -> bool:
    """One that waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def worker_of(server: RunningServer) -> psutil.Process:
    """The one worker: its children are nice, those of web processes are not."""
    eventually(lambda: len(_parents(server, NICE)) == 1, "there is one worker with children")
    (worker,) = _parents(server, NICE)
    return worker


def web_process_of(server: RunningServer) -> psutil.Process:
    """The one web process, whose children are there from the start."""
    (web,) = _parents(server, 0)
    return web


def busy_child(server: RunningServer) -> psutil.Process:
    """The child that works right now: below a worker or a web process, and it uses the processor."""
    busy: dict[psutil.Process, float] = {}

    def is_found() -> bool:
        before = _seconds_used(server)
        time.sleep(0.05)
        after = _seconds_used(server)
        used = {child: after[child] - before[child] for child in before.keys() & after}
        busy.update({child: seconds for child, seconds in used.items() if seconds > BUSY_SECONDS})
        return bool(busy)

    eventually(is_found, "a child is busy")
    return max(busy, key=lambda child: busy[child])


def _seconds_used(server: RunningServer) -> dict[psutil.Process, float]:
    """By each process below workers and web processes. All are looked at together, as one may be busy for a
    moment only."""
    used: dict[psutil.Process, float] = {}
    for process in _children(server):
        with suppress(psutil.NoSuchProcess):  # the next look may see the others
            used |= {child: child.cpu_times().user for child in process.children(recursive=True)}
    return used


def _children(server: RunningServer) -> list[psutil.Process]:
    assert server.process is not None
    return psutil.Process(server.process.pid).children()


def _parents(server: RunningServer, nice: int) -> list[psutil.Process]:
    """Those who have a child of such niceness."""
    return [process for process in _children(server) if _has_child(process, nice)]


def _has_child(process: psutil.Process, nice: int) -> bool:
    try:
        return any(child.nice() == nice for child in process.children())
    except psutil.NoSuchProcess:
        return False
