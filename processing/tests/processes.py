"""Watching processes from tests."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from pathlib import Path

from snapotter.tests.waiting import eventually


def read_pid(path: Path) -> int:
    eventually(lambda: path.exists() and path.read_text() != "", "a process writes its id down")
    return int(path.read_text())


def is_alive(pid: int) -> bool:
    """A zombie has ended; whoever inherited it may be slow to reap it."""
    ps = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return ps.stdout.strip() != "" and not ps.stdout.startswith("Z")


def wait_until_gone(pids: Collection[int]) -> None:
    eventually(lambda: not any(map(is_alive, pids)), "the processes are gone")
