"""One run after another in real processes: outcomes, cancel, limits, crashes."""

from __future__ import annotations

import dataclasses
import logging
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from processing.engine import child as child_module
from processing.engine.errors import Canceled, ChildCrashed, ChildTimeout, InternalFailure, OutOfMemory
from processing.engine.pool import ChildPool
from processing.engine.request import Limits
from processing.tests import child_functions
from processing.tests.child_functions import make_request
from processing.tests.processes import PATIENCE, read_pid, wait_until, wait_until_gone
from processing.tooling import ToolError

MEMORY = 2**30


@pytest.fixture(scope="module")
def shared_pool() -> Iterator[ChildPool]:
    pool = ChildPool(2, memory_bytes=MEMORY, function=child_functions.NAME)
    yield pool
    pool.close()


@pytest.fixture
def pool(shared_pool: ChildPool) -> Iterator[ChildPool]:
    """Whatever a test does to it, the next run must work and no room be lost."""
    yield shared_pool
    assert value(shared_pool, "echo", value="still here") == "still here"
    assert (shared_pool.idle, shared_pool.running, shared_pool.has_room()) == (2, 0, True)


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


def test_a_run_gives_its_result(pool: ChildPool) -> None:
    assert value(pool, "echo", value=[1, "two"]) == [1, "two"]


def test_a_child_serves_many_runs(pool: ChildPool) -> None:
    assert len({run(pool, "echo")["pid"] for _ in range(20)}) <= 2


def test_what_the_tool_refuses_comes_back_whole(pool: ChildPool) -> None:
    with pytest.raises(ToolError) as caught:
        run(pool, "refuse")
    error = caught.value
    assert (error.code, error.details, error.path) == ("TOO_ODD", "This picture is too odd.", "size.width")


@pytest.mark.parametrize("tool", ["fail", "not_picklable"])
def test_a_bug_shows_in_the_log_only(pool: ChildPool, tool: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(InternalFailure) as caught:
        run(pool, tool)
    assert (caught.value.status, caught.value.code, caught.value.details) == (500, "internal", None)
    assert "Traceback" in caplog.text
    assert "secret words" not in str(caught.value)


def test_a_request_that_cannot_be_sent_is_a_bug(pool: ChildPool, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InternalFailure):
        run(pool, "echo", value=lambda: None)
    assert "pickle" in caplog.text


def test_waiting_may_end_before_the_run_does(pool: ChildPool) -> None:
    submitted = pool.submit(make_request("sleep", seconds=0.2))
    with pytest.raises(TimeoutError):
        submitted.wait(0.01)
    assert not submitted.done
    assert submitted.wait(PATIENCE).data["value"] == 0.2
    assert submitted.done


def test_what_has_no_room_waits_for_its_turn(pool: ChildPool) -> None:
    runs = [pool.submit(make_request("sleep", seconds=0.1)) for _ in range(4)]
    assert (pool.idle, pool.running, pool.has_room()) == (0, 2, False)
    assert [submitted.wait(PATIENCE).data["value"] for submitted in runs] == [0.1] * 4


def test_progress_comes_through(pool: ChildPool, tmp_path: Path) -> None:
    path = tmp_path / "progress"
    request = make_request("report", path=str(path))
    submitted = pool.submit(dataclasses.replace(request, progress_path=path))
    submitted.wait(PATIENCE)
    assert submitted.progress() == (0.25, "half of a half")


def test_there_is_no_progress_without_a_file(pool: ChildPool) -> None:
    submitted = pool.submit(make_request("echo"))
    submitted.wait(PATIENCE)
    assert submitted.progress() == (0.0, "")


# Cancel


def test_cancel_kills_a_child_that_sits_in_native_code(pool: ChildPool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    submitted = pool.submit(make_request("native", mark=str(mark)))
    pid = read_pid(mark)
    submitted.cancel()
    with pytest.raises(Canceled):
        submitted.wait(PATIENCE)
    wait_until_gone([pid])


def test_cancel_ends_the_programs_a_tool_started(pool: ChildPool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    submitted = pool.submit(make_request("start_program", mark=str(mark)))
    program = read_pid(mark)
    submitted.cancel()
    wait_until_gone([program])
    with pytest.raises(Canceled):
        submitted.wait(PATIENCE)


def test_cancel_takes_a_waiting_run_out_at_once(pool: ChildPool, tmp_path: Path) -> None:
    long_runs = [pool.submit(make_request("native")) for _ in range(2)]
    mark = tmp_path / "mark"
    waiting = pool.submit(make_request("sleep", seconds=0, mark=str(mark)))
    waiting.cancel()
    with pytest.raises(Canceled):
        waiting.wait(0)
    for submitted in long_runs:
        submitted.cancel()
    wait_until(lambda: pool.running == 0)
    assert not mark.exists()


def test_cancel_leaves_a_finished_run_alone(pool: ChildPool) -> None:
    submitted = pool.submit(make_request("echo", value=1))
    submitted.wait(PATIENCE)
    submitted.cancel()
    assert submitted.wait(0).data["value"] == 1


def test_cancel_hits_its_own_run_only(pool: ChildPool) -> None:
    def one(number: int) -> None:
        submitted = pool.submit(make_request("echo", value=number))
        if number % 2:
            submitted.cancel()
            submitted.cancel()
        try:
            assert submitted.wait(PATIENCE).data["value"] == number
        except Canceled:
            assert number % 2

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, random.Random(1).sample(range(300), 300)))  # noqa: S311 - an order, no secret
    wait_until(lambda: pool.running == 0)


# Limits


def test_the_time_limit_ends_native_code(pool: ChildPool) -> None:
    with pytest.raises(ChildTimeout) as caught:
        run(pool, "native", Limits(timeout_seconds=0.1))
    assert caught.value.details == "stopped after 0.1 seconds"


def test_no_time_limit_is_none(pool: ChildPool) -> None:
    assert run(pool, "sleep", Limits(timeout_seconds=0), seconds=0.1)["value"] == 0.1


def test_waiting_in_the_queue_does_not_count_as_time(pool: ChildPool) -> None:
    requests = [make_request("sleep", seconds=0.3) for _ in range(6)]
    limited = [dataclasses.replace(request, limits=Limits(timeout_seconds=0.6)) for request in requests]
    runs = [pool.submit(request) for request in limited]
    assert [submitted.wait(PATIENCE).data["value"] for submitted in runs] == [0.3] * 6


memory_is_limited = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is not enforced")


@memory_is_limited
@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        ("allocate", {"megabytes": 1100}),
        ("allocate_picture", {"width": 20_000, "height": 20_000}),
        ("no_memory_for_a_file", {}),
    ],
)
def test_too_much_memory_is_refused(pool: ChildPool, tool: str, settings: dict[str, Any]) -> None:
    with pytest.raises(OutOfMemory) as caught:
        run(pool, tool, **settings)
    assert (caught.value.status, caught.value.code) == (422, "out_of_memory")


@memory_is_limited
def test_a_lower_memory_limit_is_for_one_run(pool: ChildPool) -> None:
    with pytest.raises(OutOfMemory):
        run(pool, "allocate", Limits(memory_bytes=MEMORY // 2), megabytes=500)
    for memory_bytes in (0, 2 * MEMORY, MEMORY):
        assert run(pool, "allocate", Limits(memory_bytes=memory_bytes), megabytes=500)["value"]


def test_children_are_private_and_dump_no_core(pool: ChildPool) -> None:
    found = value(pool, "surroundings")
    assert (found["umask"], tuple(found["core"])) == (0o077, (0, 0))


def test_children_can_be_nice() -> None:
    pool = ChildPool(1, memory_bytes=0, nice=3, function=child_functions.NAME)
    try:
        assert value(pool, "surroundings")["nice"] == os.nice(0) + 3
    finally:
        pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_children_hold_no_descriptor_of_the_owner(pool: ChildPool, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "lock").open("w") as lock:
        listener.set_inheritable(True)
        os.set_inheritable(lock.fileno(), True)
        kill_server(pool)  # the next one starts while these are open
        found = value(pool, "open_descriptors")
        ours = str(Path(f"/proc/self/fd/{listener.fileno()}").readlink())
    assert ours not in found
    assert str(tmp_path / "lock") not in found
    assert len([name for name in found if name.startswith("socket:")]) == 1


# Crashes


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
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(make_request("echo"))
    pool.close()


def test_closing_before_the_first_run_is_fine() -> None:
    ChildPool(1, memory_bytes=MEMORY).close()


def test_a_server_that_cannot_start_fails_the_run(caplog: pytest.LogCaptureFixture) -> None:
    pool = ChildPool(1, memory_bytes=MEMORY, function="processing.tests.nothing:here")
    try:
        with pytest.raises(InternalFailure):
            run(pool, "echo")
        assert "ServerLost" in caplog.text
    finally:
        pool.close()


def test_without_preload_the_function_is_imported_when_needed() -> None:
    pool = ChildPool(1, memory_bytes=MEMORY, preload=False, function=child_functions.NAME)
    try:
        assert value(pool, "echo", value=1) == 1
    finally:
        pool.close()
