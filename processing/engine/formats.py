"""The formats we know, in one table, and how to tell them apart by their bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from processing.tooling import InvalidInput

HEAD_BYTES = 4096
"""How much of a file `detect` wants to see."""


@dataclass(frozen=True)
class Format:
    """`extensions` are what users call it, the first being the one we write. `frames` says what several
    pictures in one file mean. `same` is the format that "same as input" stands for (None: itself)."""

    id: str
    title: str
    mime: str
    extensions: tuple[str, ...]
    shown_by_browsers: bool = False
    alpha: bool = False
    lossy: bool = False
    writable: bool = True
    frames: Literal["one", "animation", "pages"] = "one"
    profile: bool = True
    """Can hold an ICC profile."""
    max_side: int | None = None
    """Longest side the format's own header can describe."""
    same: str | None = None

    @property
    def extension(self) -> str:
        return self.extensions[0]


_TABLE = (
    Format("jpeg", "JPEG", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), True, lossy=True, max_side=65_535),
    Format("png", "PNG", "image/png", ("png", "apng"), True, alpha=True, frames="animation"),
    Format(
        "webp",
        "WebP",
        "image/webp",
        ("webp",),
        True,
        alpha=True,
        lossy=True,
        frames="animation",
        max_side=16_383,
    ),
    Format(
        "avif",
        "AVIF",
        "image/avif",
        ("avif", "avifs"),
        True,
        alpha=True,
        lossy=True,
        frames="animation",
        max_side=65_536,
    ),
    Format(
        "gif",
        "GIF",
        "image/gif",
        ("gif",),
        True,
        alpha=True,
        frames="animation",
        profile=False,
        max_side=65_535,
    ),
    Format("tiff", "TIFF", "image/tiff", ("tiff", "tif"), alpha=True, frames="pages"),
    Format("bmp", "BMP", "image/bmp", ("bmp", "dib"), True, profile=False, same="png"),
    Format("ico", "ICO", "image/x-icon", ("ico",), alpha=True, profile=False, same="png"),
    Format(
        "heif", "HEIC", "image/heif", ("heic", "heif"), alpha=True, lossy=True, max_side=16_384, same="avif"
    ),
    Format("svg", "SVG", "image/svg+xml", ("svg", "svgz"), True, alpha=True, writable=False, same="png"),
)

FORMATS: dict[str, Format] = {row.id: row for row in _TABLE}
EXTENSIONS: dict[str, Format] = {word: row for row in _TABLE for word in row.extensions}


def by_word(word: str) -> Format:
    """The format an id or an extension ("jpg", ".TIF") stands for; raises KeyError."""
    key = word.lower().lstrip(".")
    return FORMATS.get(key) or EXTENSIONS[key]


def detect(head: bytes, name: str = "") -> str:
    """The format id of a file that starts with `head`; its bytes decide, its name only where they cannot.

    Raises InvalidInput for what is empty, all zero or unknown.
    """
    if not head:
        raise InvalidInput("Invalid image: the file is empty.", code="EMPTY_FILE")
    if not head.strip(b"\0"):
        raise InvalidInput("Invalid image: the file contains nothing but zero bytes.")
    for format_id, matches in _SIGNATURES:
        if matches(head):
            return format_id
    raise InvalidInput(
        "Invalid image: the content is not of a known image format.", code="UNSUPPORTED_FORMAT"
    )


def _starts(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


def _brands(head: bytes) -> tuple[bytes, set[bytes]]:
    """Major and compatible brands of an ISO base media file (ISO/IEC 14496-12, `ftyp`)."""
    if head[4:8] != b"ftyp":
        return b"", set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return head[8:12], {head[at : at + 4] for at in range(16, end - 3, 4)}


_HEVC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"}
_AVIF_BRANDS = {b"avif", b"avis"}
_NEUTRAL_BRANDS = {b"mif1", b"msf1"}


def _is_avif(head: bytes) -> bool:
    """Files of the neutral brands tell their codec only among the compatible ones."""
    major, compatible = _brands(head)
    return major in _AVIF_BRANDS or (
        major in _NEUTRAL_BRANDS and bool(compatible & _AVIF_BRANDS) and not compatible & _HEVC_BRANDS
    )


def _is_heif(head: bytes) -> bool:
    return _brands(head)[0] in _HEVC_BRANDS | _NEUTRAL_BRANDS


def _is_svg(head: bytes) -> bool:
    text = _unpacked(head).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<svg"):
        return True
    prolog = text.startswith((b"<?xml", b"<!doctype svg", b"<!--"))
    return prolog and (b"<svg" in text or b"<!doctype svg" in text)


def _unpacked(head: bytes) -> bytes:
    """The start of the text in a gzip file (SVGZ); other bytes come back as they are."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("jpeg", _starts(b"\xff\xd8\xff")),
    ("png", _starts(b"\x89PNG\r\n\x1a\n")),
    ("webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ("gif", _starts(b"GIF87a", b"GIF89a")),
    ("bmp", _starts(b"BM")),
    ("tiff", _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    ("avif", _is_avif),
    ("heif", _is_heif),
    ("ico", _starts(b"\0\0\1\0")),
    ("svg", _is_svg),
)
