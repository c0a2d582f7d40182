"""The life of a pool and the life of the process that owns it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from processing.tests import pool_owner
from processing.tests.processes import read_pid, wait_until_gone
from snapotter.tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
Owner = subprocess.Popen[str]


@contextmanager
def start_owner(*arguments: str, directory: Path = ROOT) -> Iterator[Owner]:
    """In a process group of its own, as a shell starts a program."""
    owner = subprocess.Popen(
        [sys.executable, pool_owner.__file__, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        yield owner
    finally:
        owner.kill()
        owner.communicate(timeout=PATIENCE)


def read_line(owner: Owner) -> Any:
    assert owner.stdout
    return json.loads(owner.stdout.readline())


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "mark"


def test_nothing_outlives_an_owner_that_is_killed(mark: Path) -> None:
    with start_owner("work_for_ever", str(mark)) as owner:
        shown = read_line(owner)
        owner.kill()
        wait_until_gone([read_pid(mark), shown["server"], *shown["idle"]])


def test_nothing_outlives_an_owner_that_ends_without_closing() -> None:
    with start_owner("end_without_closing") as owner:
        server = read_line(owner)["server"]
        assert owner.wait(PATIENCE) == 0
        wait_until_gone([server])


def test_ctrl_c_ends_all_and_only_the_owner_speaks(mark: Path) -> None:
    with start_owner("work_for_ever", str(mark)) as owner:
        shown = read_line(owner)
        os.killpg(owner.pid, signal.SIGINT)
        _, errors = owner.communicate(timeout=PATIENCE)
        wait_until_gone([read_pid(mark), shown["server"], *shown["idle"]])
    assert errors.count("Traceback") == 1
    assert errors.strip().endswith("KeyboardInterrupt")


def test_a_child_is_not_the_owners_program_but_finds_what_it_finds(tmp_path: Path) -> None:
    with start_owner("look_around", directory=tmp_path) as owner:
        shown = read_line(owner)
        assert owner.wait(PATIENCE) == 0
    child = shown["child"]
    assert shown["django"]
    assert not child["django"]
    assert child["main"] is None
    assert child["path"] == shown["path"]
    assert child["directory"] == shown["directory"] == str(tmp_path)


def test_a_forked_process_has_children_of_its_own_and_keeps_none_of_the_owner() -> None:
    with start_owner("fork") as owner:
        shown = read_line(owner)
        try:
            assert shown["answer"]["value"] == "from the fork"
            assert shown["answer"]["pid"] not in shown["pids"]
            owner.kill()
            wait_until_gone(shown["pids"])
        finally:
            os.kill(shown["forked"], signal.SIGKILL)
        wait_until_gone([shown["answer"]["pid"]])
