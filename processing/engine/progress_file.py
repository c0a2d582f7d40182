"""A run's progress, handed from the child to anyone who looks, through one small file.

The file holds two records. A writer fills them in turn, each by one `pwrite`, each with a serial number and a
checksum; a reader takes the newest whole one. So a reader that comes in the middle of a write, or after the
writer was killed in the middle of one, still sees the value before it.
"""

from __future__ import annotations

import contextlib
import os
import struct
import weakref
import zlib
from pathlib import Path
from typing import NamedTuple

from processing.tooling import Progress

_BODY = struct.Struct("<Qd108s")  # serial number, fraction, stage in UTF-8 padded with NUL
_CHECKSUM = struct.Struct("<I")
_RECORD_BYTES = _BODY.size + _CHECKSUM.size
_STAGE_BYTES = 108
_STEP = 0.005
"""The smallest advance worth telling. A tool may call for every row; the file is written 200 times."""


class _Record(NamedTuple):
    serial: int
    fraction: float
    stage: str


def writer(path: Path) -> Progress:
    """A `Progress` that starts `path` afresh. Fractions are clamped to 0..1 and never go back."""
    return _Writer(path)


def read(path: Path) -> tuple[float, str]:
    """The latest (fraction, stage); (0.0, "") when there is none."""
    newest = _newest(path)
    return newest.fraction, newest.stage


class _Writer:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._written = _Record(0, 0.0, "")
        weakref.finalize(self, os.close, self._file)

    def __call__(self, fraction: float, stage: str = "") -> None:
        serial, told, told_stage = self._written
        fraction = max(told, min(fraction, 1.0))  # in this order NaN changes nothing
        stage = stage or told_stage
        if stage != told_stage or fraction - told >= _STEP or told < fraction == 1.0:
            self._write(_Record(serial + 1, fraction, stage))

    def _write(self, record: _Record) -> None:
        self._written = record
        with contextlib.suppress(OSError):  # a full disk must fail the outputs, not the news of them
            os.pwrite(self._file, _pack(record), record.serial % 2 * _RECORD_BYTES)


def _pack(record: _Record) -> bytes:
    stage = record.stage.encode(errors="replace")[:_STAGE_BYTES]
    body = _BODY.pack(record.serial, record.fraction, stage)
    return body + _CHECKSUM.pack(zlib.crc32(body))


def _newest(path: Path) -> _Record:
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    slots = content[:_RECORD_BYTES], content[_RECORD_BYTES:]
    return max((_unpack(slot) for slot in slots), key=lambda record: record.serial)


def _unpack(slot: bytes) -> _Record:
    """An absent or torn record counts as the oldest."""
    body, checksum = slot[: _BODY.size], slot[_BODY.size :]
    if len(slot) != _RECORD_BYTES or _CHECKSUM.unpack(checksum) != (zlib.crc32(body),):
        return _Record(0, 0.0, "")
    serial, fraction, stage = _BODY.unpack(body)
    return _Record(serial, fraction, stage.rstrip(b"\0").decode(errors="ignore"))
