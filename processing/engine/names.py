"""File names: what users call their files, made safe, and what we call the results."""

from __future__ import annotations

import re
from dataclasses import replace

from processing.engine.formats import EXTENSIONS, Format
from processing.tooling import Encoding
from snapotter.common.plain_text import is_control

MAX_BYTES = 200

_SAFE_EXTENSIONS = sorted(
    {*EXTENSIONS, "pdf", "jxl", "jp2", "qoi", "psd", "dng", "zip"}, key=len, reverse=True
)
_UP_TO_EXTENSION = re.compile(
    rf"(.*?[^.].*?\.(?:{'|'.join(_SAFE_EXTENSIONS)}))(?:\..*)?", re.IGNORECASE | re.DOTALL
)


def sanitise(name: str | None, fallback: str = "upload") -> str:
    """A name that is one path component anywhere, at most 200 UTF-8 bytes, its extension kept.

    Cut after the first known extension (`a.png.php` becomes `a.png`); Unicode, emoji and right-to-left text
    stay.
    """
    text = re.split(r"[/\\]", name or "")[-1].replace("..", "")
    text = "".join(character for character in text if not is_control(character)).strip()
    if match := _UP_TO_EXTENSION.fullmatch(text):
        text = match[1]
    return _shorten(text) if text.strip(". ") else fallback


def _shorten(name: str, suffix: str = "") -> str:
    """Fit `<stem><suffix><extension>` into MAX_BYTES by cutting the stem, never inside a character."""
    stem, extension = split(name)
    room = MAX_BYTES - len((suffix + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + suffix + extension


def split(name: str) -> tuple[str, str]:
    """Stem and extension with its dot; a leading dot starts no extension, nor does one before a long tail."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > 16:
        return name, ""
    return stem, dot + extension


def numbered(name: str, number: int) -> str:
    """`<stem>_<number><extension>`, to tell apart what has the same name."""
    return _shorten(name, f"_{number}")


def output_name(input_name: str, tool_id: str, format: Format, encoding: Encoding) -> str:
    """`<stem>_<tool id>.<extension of the content>`; a name without extension stays without.

    `encoding.extension` is used as it is, also where there was none; `encoding.keep_stem` leaves the tool id
    off.
    """
    stem, extension = split(input_name)
    suffix = "" if encoding.keep_stem else f"_{tool_id}"
    if encoding.extension:
        return _shorten(f"{stem}.{encoding.extension}", suffix)
    if not extension:
        return _shorten(stem, suffix) if not stem.startswith(".") else stem + suffix
    return _shorten(f"{stem}.{format.extension}", suffix)


def name_in_pipeline(input_name: str, format: Format, encoding: Encoding) -> str:
    """The input's own name; its extension only becomes another where it says another format."""
    extension = split(input_name)[1]
    if encoding.extension is None and EXTENSIONS.get(extension[1:].lower()) is format:
        return input_name
    return output_name(input_name, "", format, replace(encoding, keep_stem=True))
