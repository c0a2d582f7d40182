"""Pillow behind a fence: opened for one known format, silent, and failing in a known way."""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

__all__ = ["MALFORMED", "open_as", "orientation", "quiet"]

# Imported for their entry in Pillow's registry: with them there, Image.open does not import its 40 other
# plugins.
_PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

# The megapixel limit is ours to check, from the header, for every format (see inspect).
Image.MAX_IMAGE_PIXELS = None

MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow's parsers raise on hostile bytes: they index, unpack and assert on whatever the file says, and
no narrower family covers it. MemoryError is left out: that one says that the machine is at its limit."""

# catch_warnings swaps a list of the whole process: two threads at once would restore each other's.
_filters = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the warnings Pillow gives about odd files; whoever sent one cannot read our log."""
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_as(file: BinaryIO, format_id: str) -> Image.Image:
    """Open as exactly this format, header only. Raises one of MALFORMED."""
    if format_id == "heif":
        _register_heif()
    return Image.open(file, formats=[format_id.upper()])


def _register_heif() -> None:
    """Imported on first use: libheif costs 10 MB that most child processes never need."""
    import pi_heif

    if "HEIF" not in Image.OPEN:
        pi_heif.register_heif_opener()


ORIENTATION_TAG = 0x0112


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1..8; 1 when there is none or it is nonsense.

    The base class's `getexif`: the PNG plugin's own would decode the pixels to look for a late chunk.
    """
    if not {"exif", "xmp", "Raw profile type exif"} & image.info.keys() and not hasattr(image, "tag_v2"):
        return 1
    try:
        value = Image.Image.getexif(image).get(ORIENTATION_TAG, 1)
    except MALFORMED:
        return 1
    return cast(int, value) if value in range(1, 9) else 1
