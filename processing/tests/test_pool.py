"""Runs in real processes: their outcomes, waiting and cancel."""

from __future__ import annotations

import dataclasses
import logging
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processing.engine.errors import Canceled, InternalFailure
from processing.engine.pool import ChildPool
from processing.tests.child_functions import make_request
from processing.tests.pools import run, value
from processing.tests.processes import read_pid, wait_until_gone
from processing.tooling import ToolError
from snapotter.tests.waiting import PATIENCE, eventually


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
    assert "local object" in caplog.text  # what pickle says, in each version in words of its own


def test_waiting_may_end_before_the_run_does(pool: ChildPool) -> None:
    submitted = pool.submit(make_request("sleep", seconds=0.2))
    with pytest.raises(TimeoutError):
        submitted.wait(0.01)
    assert not submitted.done
    assert submitted.wait(PATIENCE).data["value"] == 0.2
    assert submitted.done


def test_what_has_no_room_waits_for_its_turn(pool: ChildPool) -> None:
    runs = [pool.submit(make_request("sleep", seconds=0.1)) for _ in range(4)]
    assert pool.running == 2
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
    eventually(lambda: pool.running == 0, "nothing runs any more")
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
    eventually(lambda: pool.running == 0, "nothing runs any more")
