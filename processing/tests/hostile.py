"""Headers that claim 50,000 by 50,000 pixels, and other files made to hurt."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from processing.tests.images import png_header

SIDE = 50_000


def _gif() -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", SIDE, SIDE, 0x80, 0, 0)
        + b"\0" * 6
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, SIDE, SIDE, 0)
        + b"\x02\x02\x4c\x01\x00\x3b"
    )


def _bmp() -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 1000, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, 24, 0, 0, 2835, 2835, 0, 0)
    )


def _tiff() -> bytes:
    tags = [
        (256, SIDE),
        (257, SIDE),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, SIDE),
        (279, 10),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + b"\0" * 4


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", SIDE, SIDE)
    return bytes(data)


def _webp() -> bytes:
    """VP8X, the only variant whose header can claim so much."""
    body = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + 2 * (SIDE - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _ico() -> bytes:
    return (
        struct.pack("<HHH", 0, 1, 1)
        + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 100, 22)
        + png_header(SIDE, SIDE)
    )


def _svg() -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}"/>'.encode()


HUGE = {
    "png": png_header(SIDE, SIDE),
    "gif": _gif(),
    "bmp": _bmp(),
    "tiff": _tiff(),
    "jpeg": _jpeg(),
    "webp": _webp(),
    "ico": _ico(),
    "svg": _svg(),
}

MAGIC = {
    "jpeg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF\x20\0\0\0WEBPVP8X",
    "gif": b"GIF89a",
    "bmp": b"BM",
    "tiff": b"II*\0",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "heif": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "ico": b"\0\0\1\0",
    "svg": b"<svg ",
}


def _heif() -> bytes:
    ispe = _box(b"ispe", struct.pack(">III", 0, SIDE, SIDE))
    associations = _box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1))
    properties = _box(b"iprp", _box(b"ipco", ispe) + associations)
    meta = _box(b"meta", b"\0" * 4 + _box(b"pitm", struct.pack(">IH", 0, 1)) + properties)
    return MAGIC["heif"] + meta


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


HUGE["heif"] = _heif()
HUGE["avif"] = HUGE["heif"].replace(b"heic", b"avif")

_MANY = 300_000

ENDLESS = {
    "png": png_header(9, 9)[:33] + (b"\0\0\0\0aaAa" + struct.pack(">I", zlib.crc32(b"aaAa"))) * _MANY,
    "jpeg": b"\xff\xd8" + b"\xff\xfe\0\2" * _MANY,
    "webp": MAGIC["webp"] + b"\x0a\0\0\0\x02\0\0\0" + b"\x08\0\0" * 2 + b"ANMF\0\0\0\0" * _MANY,
    "gif": b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0) + b"\0" * 4_000_000,
    "avif": MAGIC["avif"] + b"\0\0\0\x08free" * _MANY,
    "heif": MAGIC["heif"] + b"\0\0\0\x08free" * _MANY,
    "ico": b"\0\0\1\0\xff\xff" + b"\x09\x09\0\0\1\0\x20\0\x64\0\0\0\x16\0\0\0" * 65_535,
}
"""Headers of millions of tiny parts."""
