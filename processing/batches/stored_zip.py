"""A ZIP whose files are stored as they are, as one file to read from anywhere in it.

Pictures are compressed already, so every byte of the archive follows from names, lengths, times and
checksums: nothing is kept, the same files give the same bytes again, and who goes on at an offset has nothing
before it read once more. A library that writes while it reads must read all of that, as it puts each checksum
behind its file; they are known here, so they stand before it, and what unpacks from a pipe can do so too.

APPNOTE.TXT 6.3.10: sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end) and
4.5.3 (Zip64, for what is longer or farther than 4 GB).
"""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from os import SEEK_CUR, SEEK_END, SEEK_SET
from struct import pack
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_IN_ZIP64: Final = 0xFFFFFFFF
_COUNT_IN_ZIP64: Final = 0xFFFF
_PLAIN: Final = 20  # versions of the format that are needed
_ZIP64: Final = 45
_UNIX: Final = 3 << 8 | _ZIP64
_UTF8_NAMES: Final = 0x0800
_STORED: Final = 0
_ATTRIBUTES: Final = 0o100644 << 16
_CHUNK: Final = 2**18


@dataclass(frozen=True)
class StoredFile:
    """One file: `name` in the archive, what it is known to be, and how to open it."""

    name: str
    size: int
    crc32: int
    written_at: datetime
    open: Callable[[], IO[bytes]]


def checksum(file: IO[bytes]) -> int:
    """The CRC-32 of what is read from `file`."""
    crc32 = 0
    while chunk := file.read(_CHUNK):
        crc32 = zlib.crc32(chunk, crc32)
    return crc32


class StoredZip(io.RawIOBase):
    """The archive. One file is open at a time, and none before it is asked for.

    Raises OSError while it is read, when a file is shorter than it was; and what opening one raises.
    """

    def __init__(self, files: Iterable[StoredFile]) -> None:
        self._parts = list(_parts(list(files)))
        self._starts = list(accumulate(map(_length, self._parts), initial=0))
        self.size = self._starts[-1]
        self._position = 0
        self._current: tuple[StoredFile, IO[bytes]] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        self._position = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self.size}[whence] + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        content = self._read(len(view))
        view[: len(content)] = content
        return len(content)

    def _read(self, most: int) -> bytes:
        if self._position >= self.size:
            return b""
        index = bisect_right(self._starts, self._position) - 1
        part, offset = self._parts[index], self._position - self._starts[index]
        if isinstance(part, bytes):
            content = part[offset : offset + most]
        else:
            content = self._read_file(part, offset, most)
        self._position += len(content)
        return content

    def _read_file(self, stored: StoredFile, offset: int, most: int) -> bytes:
        file = self._opened(stored)
        file.seek(offset)
        content = file.read(min(most, stored.size - offset))
        if not content:
            raise OSError(f"{stored.name} has become shorter")
        return content

    def _opened(self, stored: StoredFile) -> IO[bytes]:
        if self._current is None or self._current[0] is not stored:
            self._close_current()
            self._current = (stored, stored.open())
        return self._current[1]

    def _close_current(self) -> None:
        if self._current is not None:
            self._current[1].close()
            self._current = None

    def close(self) -> None:
        self._close_current()
        super().close()


def _length(part: bytes | StoredFile) -> int:
    return len(part) if isinstance(part, bytes) else part.size


def _parts(files: Sequence[StoredFile]) -> Iterator[bytes | StoredFile]:
    """What the archive is made of, one after another."""
    directory: list[bytes] = []
    offset = 0
    for file in files:
        header = _local_header(file)
        directory.append(_directory_entry(file, offset))
        offset += len(header) + file.size
        yield header
        yield file
    content = b"".join(directory)
    yield content
    yield _end(len(files), len(content), offset)


def _local_header(file: StoredFile) -> bytes:
    extra = _zip64_extra(file.size, file.size)
    return b"PK\3\4" + _common_fields(file, extra) + file.name.encode() + extra


def _directory_entry(file: StoredFile, offset: int) -> bytes:
    extra = _zip64_extra(file.size, file.size, offset)
    rest = pack("<HHHII", 0, 0, 0, _ATTRIBUTES, min(offset, _IN_ZIP64))
    return b"PK\1\2" + pack("<H", _UNIX) + _common_fields(file, extra) + rest + file.name.encode() + extra


def _common_fields(file: StoredFile, extra: bytes) -> bytes:
    size = min(file.size, _IN_ZIP64)
    version = _ZIP64 if extra else _PLAIN
    time, date = _dos_time(file.written_at)
    lengths = (len(file.name.encode()), len(extra))
    return pack("<HHHHHIIIHH", version, _UTF8_NAMES, _STORED, time, date, file.crc32, size, size, *lengths)


def _dos_time(moment: datetime) -> tuple[int, int]:
    """Time and date in UTC; the format knows no time zones and only even seconds."""
    at = moment.astimezone(UTC)
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day


def _zip64_extra(*values: int) -> bytes:
    """Those of a header's values that do not fit into it."""
    wide = [value for value in values if value >= _IN_ZIP64]
    return pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""


def _end(count: int, size: int, offset: int) -> bytes:
    """Of the central directory, which has `size` bytes from `offset`."""
    wide = b""
    if count >= _COUNT_IN_ZIP64 or max(size, offset) >= _IN_ZIP64:
        record = pack("<HHIIQQQQ", _UNIX, _ZIP64, 0, 0, count, count, size, offset)
        wide = b"PK\6\6" + pack("<Q", len(record)) + record
        wide += b"PK\6\7" + pack("<IQI", 0, offset + size, 1)
    few = min(count, _COUNT_IN_ZIP64)
    short = pack("<HHHHIIH", 0, 0, few, few, min(size, _IN_ZIP64), min(offset, _IN_ZIP64), 0)
    return wide + b"PK\5\6" + short
