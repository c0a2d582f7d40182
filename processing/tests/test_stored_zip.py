"""A ZIP of stored files, read from anywhere in it."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from processing.batches.stored_zip import StoredFile, StoredZip, checksum

AT = datetime(2026, 11, 24, 1, 2, 43, tzinfo=timezone(timedelta(hours=3)))
CONTENTS = {"größe 照片 🦦.jpg": b"x" * 700_000, "empty.bin": b"", "b.jpg": os.urandom(600_000), "c": b"c"}
GIGABYTE = 2**30


def stored(
    name: str, content: bytes, *, size: int | None = None, open: Callable[[], IO[bytes]] | None = None
) -> StoredFile:
    length = len(content) if size is None else size
    return StoredFile(name, length, zlib.crc32(content), AT, open or partial(io.BytesIO, content))


def files() -> list[StoredFile]:
    return [stored(name, content) for name, content in CONTENTS.items()]


def opened(files: list[StoredFile]) -> io.BufferedReader:
    return io.BufferedReader(StoredZip(files))


def whole() -> bytes:
    return opened(files()).read()


def test_it_holds_every_file() -> None:
    archive = zipfile.ZipFile(io.BytesIO(whole()))
    assert {name: archive.read(name) for name in archive.namelist()} == CONTENTS
    assert archive.testzip() is None


def test_its_size_is_known_before() -> None:
    assert StoredZip(files()).size == len(whole())


def test_the_same_files_give_the_same_bytes() -> None:
    assert whole() == whole()


def test_times_are_in_utc_and_even_seconds() -> None:
    times = {info.date_time for info in zipfile.ZipFile(io.BytesIO(whole())).infolist()}
    assert times == {(2026, 11, 23, 22, 2, 42)}


def test_what_is_in_it_can_be_read_by_its_owner_alone_to_change() -> None:
    modes = {info.external_attr >> 16 for info in zipfile.ZipFile(io.BytesIO(whole())).infolist()}
    assert modes == {0o100644}


def test_sizes_stand_before_the_files_for_whoever_unpacks_a_stream() -> None:
    assert all(not info.flag_bits & 8 for info in zipfile.ZipFile(io.BytesIO(whole())).infolist())


def test_any_part_of_it_is_that_part_of_the_whole() -> None:
    content, archive = whole(), opened(files())
    chance = random.Random(7)  # noqa: S311  the same parts each time
    for _ in range(500):
        start = chance.randrange(len(content) + 10)
        size = chance.choice([1, 30, 5000, 2**20])
        archive.seek(start)
        assert archive.read(size) == content[start : start + size]


def test_reading_piece_by_piece_gives_the_whole() -> None:
    archive, parts = opened(files()), []
    while part := archive.read(1000):
        parts.append(part)
    assert b"".join(parts) == whole()


def test_nothing_is_opened_that_is_not_asked_for() -> None:
    seen: list[str] = []

    def watched(name: str) -> IO[bytes]:
        seen.append(name)
        return io.BytesIO(CONTENTS[name])

    archive = opened([stored(name, CONTENTS[name], open=partial(watched, name)) for name in CONTENTS])
    assert seen == []
    archive.seek(750_000)
    archive.read(10)
    assert seen == ["b.jpg"]
    archive.seek(-22, os.SEEK_END)
    archive.read()
    assert seen == ["b.jpg"]


def test_one_file_is_open_at_a_time_and_none_when_it_is_closed() -> None:
    handles: list[IO[bytes]] = []

    def watched(content: bytes) -> IO[bytes]:
        handles.append(io.BytesIO(content))
        return handles[-1]

    archive = opened([stored(name, c, open=partial(watched, c)) for name, c in CONTENTS.items()])
    while archive.read(100_000):
        assert sum(not handle.closed for handle in handles) <= 1
    archive.seek(100)
    archive.read(1)
    archive.close()
    assert all(handle.closed for handle in handles)


def test_a_file_that_became_shorter_breaks_it_off() -> None:
    archive = opened([stored("a.jpg", b"short", size=9)])
    with pytest.raises(OSError, match="shorter"):
        archive.read()


def test_a_file_that_became_longer_changes_nothing() -> None:
    long = stored("a.jpg", b"long", open=partial(io.BytesIO, b"longer"))
    assert opened([long]).read() == opened([stored("a.jpg", b"long")]).read()


def test_a_file_that_is_gone_breaks_it_off(tmp_path: Path) -> None:
    archive = opened([stored("a.jpg", b"content", open=lambda: (tmp_path / "gone").open("rb"))])
    with pytest.raises(FileNotFoundError):
        archive.read()


class Zeros(io.RawIOBase):
    """As many as are asked for."""

    def read(self, size: int = -1) -> bytes:
        return bytes(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return offset


def zeros(name: str, size: int) -> StoredFile:
    return StoredFile(name, size, 0, AT, Zeros)  # type: ignore[arg-type]  # reading is all that is done


@pytest.mark.parametrize(
    "sizes", [[5 * GIGABYTE], [3 * GIGABYTE, 3 * GIGABYTE, 7], [2**32 - 1], [2**32 - 2, 2**32, 1]]
)
def test_more_than_four_gigabytes_can_be_unpacked(sizes: list[int]) -> None:
    last = stored("last.txt", b"found")
    big = StoredZip([*(zeros(f"{number}.bin", size) for number, size in enumerate(sizes)), last])
    archive = zipfile.ZipFile(io.BufferedReader(big))
    assert [info.file_size for info in archive.infolist()] == [*sizes, 5]
    assert archive.read("last.txt") == b"found"
    with archive.open("0.bin") as first:
        assert first.read(10) == bytes(10)


def test_more_files_than_65535_can_be_unpacked() -> None:
    archive = zipfile.ZipFile(opened([stored(f"{number}", b"x") for number in range(65_536)]))
    assert len(archive.namelist()) == 65_536
    assert archive.read("65535") == b"x"


def test_an_archive_of_nothing_is_one() -> None:
    assert zipfile.ZipFile(opened([])).namelist() == []


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_other_programs_read_it_too(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(whole())
    told = subprocess.run(["unzip", "-t", tmp_path / "a.zip"], capture_output=True, check=False)
    assert told.returncode == 0, told


def test_the_checksum_is_that_of_all_bytes() -> None:
    assert checksum(io.BytesIO(CONTENTS["b.jpg"])) == zlib.crc32(CONTENTS["b.jpg"])
    assert AT.astimezone(UTC).day == 23
