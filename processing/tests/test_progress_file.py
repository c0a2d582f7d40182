from __future__ import annotations

import math
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from processing.engine import progress_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "progress"


def test_it_reads_nothing_where_nothing_was_written(path: Path) -> None:
    assert progress_file.read(path) == (0.0, "")


def test_it_reads_what_was_written(path: Path) -> None:
    progress_file.writer(path)(0.5, "encoding")
    assert progress_file.read(path) == (0.5, "encoding")


def test_a_new_writer_starts_afresh(path: Path) -> None:
    progress_file.writer(path)(0.5, "encoding")
    progress_file.writer(path)
    assert progress_file.read(path) == (0.0, "")


@pytest.mark.parametrize(("told", "read"), [(-1, 0.0), (7, 1.0), (math.inf, 1.0), (math.nan, 0.0)])
def test_fractions_are_clamped(path: Path, told: float, read: float) -> None:
    progress_file.writer(path)(told, "x")
    assert progress_file.read(path) == (read, "x")


def test_fractions_never_go_back(path: Path) -> None:
    progress = progress_file.writer(path)
    progress(0.8, "encoding")
    progress(0.2, "again")
    assert progress_file.read(path) == (0.8, "again")


def test_the_stage_stays_when_only_the_fraction_is_told(path: Path) -> None:
    progress = progress_file.writer(path)
    progress(0.1, "encoding")
    progress(0.6)
    assert progress_file.read(path) == (0.6, "encoding")


def test_a_long_stage_is_cut_at_a_whole_character(path: Path) -> None:
    progress_file.writer(path)(0.1, "a" + "é" * 200)
    assert progress_file.read(path) == (0.1, "a" + "é" * 53)


def test_many_calls_are_few_writes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    monkeypatch.setattr(os, "pwrite", lambda _file, content, _offset: writes.append(len(content)))
    progress = progress_file.writer(path)
    for row in range(100_001):
        progress(row / 100_000, "rows")
    assert 100 <= len(writes) <= 202


def test_the_very_end_is_always_told(path: Path) -> None:
    progress = progress_file.writer(path)
    progress(0.999, "rows")
    progress(1.0)
    assert progress_file.read(path) == (1.0, "rows")


@pytest.mark.parametrize("cut", [1, 40, 123])
def test_a_torn_write_shows_the_value_before_it(path: Path, cut: int) -> None:
    progress = progress_file.writer(path)
    progress(0.25, "first stage")
    progress(0.5, "second stage")
    before = path.read_bytes()
    progress(0.75, "third stage")
    after = path.read_bytes()
    half = len(after) // 2
    path.write_bytes(before[:half] + after[half : half + cut] + before[half + cut :])
    assert progress_file.read(path) in [(0.5, "second stage"), (0.75, "third stage")]


def test_rubbish_reads_as_nothing(path: Path) -> None:
    path.write_bytes(os.urandom(1000))
    assert progress_file.read(path) == (0.0, "")


def test_a_full_disk_does_not_fail_the_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    progress_file.writer(path)(0.5, "encoding")


def test_the_writer_leaves_no_descriptor_open(path: Path) -> None:
    progress = progress_file.writer(path)
    descriptor: int = progress._file  # type: ignore[attr-defined]
    del progress
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def write_for_ever(path: Path) -> None:
    while True:
        progress = progress_file.writer(path)
        for step in range(101):
            progress(step / 100, f"{step} " * 20)


def test_a_reader_never_sees_a_torn_value_though_the_writer_is_killed(path: Path) -> None:
    writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(path,))
    writer.start()
    seen: set[tuple[float, str]] = set()
    while len(seen) < 50:
        seen.add(progress_file.read(path))
    assert writer.pid
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    seen.add(progress_file.read(path))
    whole = {(step / 100, f"{step} " * 20) for step in range(101)}
    assert seen <= whole | {(0.0, "")}
