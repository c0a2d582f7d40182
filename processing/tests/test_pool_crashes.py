"""Children and fork servers that die, and the end of a pool."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from processing.engine import child as child_module
from processing.engine.errors import Canceled, ChildCrashed, InternalFailure
from processing.engine.pool import ChildPool, PoolClosed
from processing.tests import child_functions
from processing.tests.child_functions import make_request
from processing.tests.pools import (
    MEMORY,
    idle_children,
    kill_server,
    opened,
    run,
    server_pid,
    value,
)
from processing.tests.processes import read_pid, wait_until_gone
from snapotter.tests.waiting import PATIENCE


@pytest.mark.parametrize(
    ("tool", "settings", "details"),
    [
        ("crash", {}, "ended by SIGSEGV"),
        ("die", {"signal_name": "SIGKILL"}, "ended by SIGKILL; the machine may be out of memory"),
        ("die", {"signal_name": "SIGABRT"}, "ended by SIGABRT; often for want of memory"),
        ("end", {"code": 3}, "exited with code 3"),
        ("leave", {"code": 4}, "exited with code 4"),
    ],
)
def test_a_crash_says_how(pool: ChildPool, tool: str, settings: dict[str, Any], details: str) -> None:
    with pytest.raises(ChildCrashed) as caught:
        run(pool, tool, **settings)
    assert (caught.value.status, caught.value.code, caught.value.details) == (422, "crashed", details)


def test_a_crash_ends_one_run_only(pool: ChildPool) -> None:
    neighbour = pool.submit(make_request("sleep", seconds=0.3))
    with pytest.raises(ChildCrashed):
        run(pool, "crash")
    assert neighbour.wait(PATIENCE).data["value"] == 0.3


def test_a_killed_idle_child_fails_no_run(pool: ChildPool) -> None:
    pool.warm()
    for pid in idle_children(pool):
        os.kill(pid, signal.SIGKILL)
    assert value(pool, "echo", value=1) == 1
    assert value(pool, "echo", value=2) == 2


def test_a_killed_fork_server_is_replaced(pool: ChildPool) -> None:
    servers = [kill_server(pool) for _ in range(3) if value(pool, "echo", value=1) == 1]
    assert len(set(servers)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the run is finished")
def test_a_fork_server_takes_its_children_along(pool: ChildPool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    submitted = pool.submit(make_request("native", mark=str(mark)))
    pid = read_pid(mark)
    os.kill(server_pid(pool), signal.SIGKILL)
    with pytest.raises(ChildCrashed) as caught:
        submitted.wait(PATIENCE)
    assert caught.value.details == "ended together with its fork server"
    wait_until_gone([pid])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_meant_for_the_owner_end_no_run(
    pool: ChildPool, tmp_path: Path, number: signal.Signals
) -> None:
    mark = tmp_path / "mark"
    submitted = pool.submit(make_request("sleep", seconds=0.2, mark=str(mark)))
    for pid in (read_pid(mark), server_pid(pool)):
        os.kill(pid, number)
    assert submitted.wait(PATIENCE).data["value"] == 0.2


def test_a_child_retires_and_leaves_nothing(pool: ChildPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "_RUNS", 1)
    runs = [run(pool, "leave_program") for _ in range(4)]
    pids = {data["pid"] for data in runs[1:]}
    assert len(pids) == 3
    wait_until_gone([*pids, *(data["value"] for data in runs[1:])])


# A pool's end


def test_closing_ends_runs_and_processes(tmp_path: Path) -> None:
    pool = ChildPool(1, memory_bytes=MEMORY, function=child_functions.NAME)
    mark = tmp_path / "mark"
    runs = [pool.submit(make_request("native", mark=str(mark))) for _ in range(2)]
    pids = [read_pid(mark), server_pid(pool)]
    pool.close()
    for submitted in runs:
        with pytest.raises(Canceled):
            submitted.wait(0)
    wait_until_gone(pids)
    with pytest.raises(PoolClosed):
        pool.submit(make_request("echo"))
    pool.close()


def test_closing_before_the_first_run_is_fine() -> None:
    ChildPool(1, memory_bytes=MEMORY).close()


def test_a_server_that_cannot_start_fails_the_run(caplog: pytest.LogCaptureFixture) -> None:
    with opened(function="processing.tests.nothing:here") as pool, pytest.raises(InternalFailure):
        run(pool, "echo")
    assert "ServerLost" in caplog.text


def test_without_preload_the_function_is_imported_when_needed() -> None:
    with opened(preload=False) as pool:
        assert value(pool, "echo", value=1) == 1
