"""Sizes and frame counts read from headers that Pillow would have to decode, or allocate, to tell."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from processing.engine.pillow import MALFORMED, ORIENTATION_TAG

MAX_READS = 50_000
MAX_GIF_BLOCKS = 2_000_000
"""Of 255 bytes each; hopping over so many takes a quarter of a second."""


@dataclass(frozen=True)
class Header:
    """`width` and `height` as stored, before `orientation` (1..8) is applied."""

    width: int
    height: int
    has_alpha: bool = False
    frames: int = 1
    orientation: int = 1


class HeaderError(ValueError):
    """The header contradicts its own format."""


class HeaderFile(io.BufferedReader):
    """A file that puts up with a limited number of reads: millions of tiny chunks would keep a parser busy
    for minutes, and this one runs in the web process."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > MAX_READS:
            raise HeaderError("The header is implausibly long.")
        return super().read(size)


def webp(file: BinaryIO) -> Header:
    """RFC 9649. Pillow allocates two canvases of the size the header claims as soon as it opens one."""
    start = file.read(30)
    kind = start[12:16]
    if len(start) < 30:
        raise HeaderError("The header is cut off.")
    if kind == b"VP8X":
        return _webp_extended(file, start)
    if kind == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1))
    if kind == b"VP8 " and start[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(start[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return Header(width, height)
    raise HeaderError("There is no picture in it.")


def _webp_extended(file: BinaryIO, start: bytes) -> Header:
    flags = start[20]
    frames, exif = 0, b""
    for name, size in _riff_chunks(file):
        frames += name == b"ANMF"
        if name == b"EXIF":
            exif = file.read(min(size, 1 << 16))
    return Header(
        int.from_bytes(start[24:27], "little") + 1,
        int.from_bytes(start[27:30], "little") + 1,
        has_alpha=bool(flags & 0x10),
        frames=max(frames, 1) if flags & 0x02 else 1,
        orientation=_exif_orientation(exif),
    )


def _riff_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and size of each chunk, the file standing at its first byte."""
    at = 12
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        yield head[:4], size
        at += 8 + size + (size & 1)


def _exif_orientation(data: bytes) -> int:
    if not data:
        return 1
    exif = Image.Exif()
    try:
        exif.load(data)
        value = exif.get(ORIENTATION_TAG, 1)
    except MALFORMED:
        return 1
    return value if value in range(1, 9) else 1


def gif_frames(file: BinaryIO) -> int:
    """Count image descriptors by hopping over the blocks (GIF89a specification, appendix B)."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _count_gif_frames(data)
        except IndexError:  # cut off: what was there counts
            return 1


def _count_gif_frames(data: mmap.mmap) -> int:
    at = 13 + _gif_table(data[10])
    frames, in_data = 0, False
    for _ in range(MAX_GIF_BLOCKS):
        if at >= len(data) or (data[at] == 0x3B and not in_data):
            return max(frames, 1)
        if in_data:
            in_data = data[at] != 0
            at += data[at] + 1
        elif data[at] == 0x2C:
            frames, in_data = frames + 1, True
            at += 11 + _gif_table(data[at + 9])
        elif data[at] == 0x21:
            in_data = True
            at += 2
        else:  # stray bytes between blocks are skipped by every decoder
            at += 1
    raise HeaderError("There are implausibly many blocks.")


def _gif_table(flags: int) -> int:
    """Bytes of the colour table these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def ico(file: BinaryIO) -> Header:
    """The largest picture in it. Every one is measured: the directory's one byte per side can lie."""
    count = int.from_bytes(file.read(6)[4:6], "little")
    directory = file.read(16 * count)
    if not count or len(directory) < 16 * count:
        raise HeaderError("The directory is cut off.")
    sizes = [_ico_entry(file, directory[at : at + 16]) for at in range(0, len(directory), 16)]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Header(width, height, has_alpha=True)


def _ico_entry(file: BinaryIO, entry: bytes) -> tuple[int, int]:
    file.seek(int.from_bytes(entry[12:16], "little"))
    head = file.read(24)
    if len(head) < 24:
        raise HeaderError("A picture is cut off.")
    if head.startswith(b"\x89PNG"):
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    # A bitmap header counts picture and mask rows together.
    return int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little") // 2
