"""Sizes of HEIC and AVIF, read from their boxes (ISO/IEC 14496-12 and 23008-12).

Not through their decoders: libheif crashes on some damaged headers, and this runs in the web process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from processing.engine.headers import Header, HeaderError

MAX_BOX_BYTES = 2**20
"""`meta` and `moov` hold descriptions, not pictures; what is longer than this is no image's header."""

MAX_DEPTH = 8

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_TURN = {0: 1, 1: 8, 2: 3, 3: 6}
"""`irot` counts quarter turns anticlockwise; as EXIF orientations."""

Box = tuple[bytes, bytes]


def heif(file: BinaryIO) -> Header:
    """The decoder applies crop and turns itself, so the size is the final one."""
    item = _still(file)
    width, height = item.cropped
    if item.turns % 2:
        width, height = height, width
    return Header(width, height, has_alpha=item.has_alpha)


def avif(file: BinaryIO) -> Header:
    """A still, or a sequence of which the first video track counts. Pillow's decoder ignores the crop."""
    boxes = dict(_top_level(file))
    if b"moov" in boxes and _brand(file) == b"avis":
        return _sequence(boxes[b"moov"])
    item = _still_in(boxes)
    return Header(*item.size, has_alpha=item.has_alpha, orientation=_TURN[item.turns])


def _brand(file: BinaryIO) -> bytes:
    file.seek(8)
    return file.read(4)


@dataclass
class _Item:
    """The primary item: stored size, crop, quarter turns."""

    size: tuple[int, int] = (0, 0)
    crop: tuple[int, int] | None = None
    turns: int = 0
    has_alpha: bool = False
    properties: list[Box] = field(default_factory=list)

    @property
    def cropped(self) -> tuple[int, int]:
        return self.crop or self.size


def _top_level(file: BinaryIO) -> Iterator[Box]:
    """`meta` and `moov`; everything else is hopped over."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, name, skip = _box_head(head)
        if name in {b"meta", b"moov"}:
            if size > MAX_BOX_BYTES:
                raise HeaderError("The description is implausibly long.")
            file.seek(at + skip)
            yield name, file.read((size or MAX_BOX_BYTES) - skip)
        if size == 0:  # to the end of the file
            return
        at += size


def _box_head(head: bytes) -> tuple[int, bytes, int]:
    """Size, name, and where the content starts."""
    size, name, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
    if size == 1:
        size, skip = int.from_bytes(head[8:16], "big"), 16
    if 0 < size < skip:
        raise HeaderError("A box is shorter than its own head.")
    return size, name, skip


def _boxes(data: bytes) -> Iterator[Box]:
    at = 0
    while at + 8 <= len(data):
        size, name, skip = _box_head(data[at : at + 16])
        end = at + size if size else len(data)
        yield name, data[at + skip : end]
        at = end


def _still(file: BinaryIO) -> _Item:
    return _still_in(dict(_top_level(file)))


def _still_in(boxes: dict[bytes, bytes]) -> _Item:
    if b"meta" not in boxes:
        raise HeaderError("There is no description.")
    meta = dict(_boxes(boxes[b"meta"][4:]))
    primary = meta[b"pitm"]
    item_id = int.from_bytes(primary[4:8] if primary[0] else primary[4:6], "big")
    properties = dict(_boxes(meta[b"iprp"]))
    known = list(_boxes(properties[b"ipco"]))
    item = _Item(has_alpha=any(name == b"auxC" and _says_alpha(body) for name, body in known))
    for index in _associated(properties[b"ipma"], item_id):
        if 0 < index <= len(known):
            _apply(item, *known[index - 1])
    if item.size == (0, 0):
        raise HeaderError("The picture has no size.")
    return item


def _says_alpha(body: bytes) -> bool:
    return b":alpha" in body or b"auxid:1" in body


def _apply(item: _Item, name: bytes, body: bytes) -> None:
    if name == b"ispe":
        item.size = _u32(body, 4), _u32(body, 8)
    elif name == b"clap":
        item.crop = _u32(body, 0) // max(1, _u32(body, 4)), _u32(body, 8) // max(1, _u32(body, 12))
    elif name == b"irot":
        item.turns = body[0] & 3


def _u32(data: bytes, at: int) -> int:
    if len(data) < at + 4:
        raise HeaderError("A box is cut off.")
    return int.from_bytes(data[at : at + 4], "big")


def _associated(data: bytes, item_id: int) -> list[int]:
    """The property numbers, from 1, of an item (`ipma`)."""
    id_bytes, wide = (4 if data[0] else 2), data[3] & 1
    at = 8
    for _ in range(_u32(data, 4)):
        found = int.from_bytes(data[at : at + id_bytes], "big")
        count = data[at + id_bytes]
        at += id_bytes + 1
        step = 2 if wide else 1
        numbers = [int.from_bytes(data[i : i + step], "big") for i in range(at, at + count * step, step)]
        if found == item_id:
            return [number & (0x7FFF if wide else 0x7F) for number in numbers]
        at += count * step
    return []


def _sequence(moov: bytes) -> Header:
    tracks = [dict(_flat(body)) for name, body in _boxes(moov) if name == b"trak"]
    pictures = [track for track in tracks if track.get(b"hdlr", b"")[8:12] == b"pict"]
    if not pictures:
        raise HeaderError("The sequence has no pictures.")
    track = pictures[0]
    size = track[b"tkhd"][-8:]
    return Header(
        _u32(size, 0) >> 16,
        _u32(size, 4) >> 16,
        has_alpha=any(other.get(b"hdlr", b"")[8:12] == b"auxv" for other in tracks),
        frames=max(1, _u32(track[b"stsz"], 8)),
    )


def _flat(data: bytes, depth: int = 0) -> Iterator[Box]:
    """Every box within, containers opened."""
    if depth > MAX_DEPTH:
        raise HeaderError("Boxes are nested implausibly deep.")
    for name, body in _boxes(data):
        if name in _CONTAINERS:
            yield from _flat(body, depth + 1)
        else:
            yield name, body
