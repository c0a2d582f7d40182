"""How large an SVG wants to be (SVG 2, section 8.2; CSS 2.2, section 10.3.2)."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element

Size = tuple[int, int]

_FALLBACK = (300.0, 150.0)
"""CSS: a replaced element that says nothing about its size."""

_PIXELS = {
    "": 1,
    "px": 1,
    "in": 96,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "pt": 96 / 72,
    "pc": 16,
}
_PIXELS |= {"em": 16, "rem": 16, "ex": 8}
_LENGTH = re.compile(r"\s*([+]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def intrinsic_size(root: Element) -> Size:
    """CSS pixels (96 to the inch), at least 1 by 1."""
    width, height = _exact_size(root)
    return max(1, math.ceil(width - 0.01)), max(1, math.ceil(height - 0.01))


def user_space(root: Element) -> str:
    """The viewBox, or the one its width and height imply."""
    box = _view_box(root)
    if box is None:
        width, height = _exact_size(root)
        box = (0.0, 0.0, width, height)
    return " ".join(f"{value:g}" for value in box)


def _exact_size(root: Element) -> tuple[float, float]:
    width, height, box = _length(root.get("width")), _length(root.get("height")), _view_box(root)
    box_width, box_height = box[2:] if box else _FALLBACK
    if width is None and height is None:
        return box_width, box_height
    if width is None:
        width = height * box_width / box_height if box and height else box_width
    if height is None:
        height = width * box_height / box_width if box else box_height
    return width, height


def _length(text: str | None) -> float | None:
    """None for what depends on the page around it (percentages, `auto`) or is no length."""
    match = _LENGTH.fullmatch(text or "")
    if match is None or match[2].lower() not in _PIXELS:
        return None
    value = float(match[1]) * _PIXELS[match[2].lower()]
    return min(value, 1e9) if value > 0 else None


def _view_box(root: Element) -> tuple[float, float, float, float] | None:
    try:
        x, y, width, height = (float(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip()))
    except ValueError:
        return None
    usable = all(map(math.isfinite, (x, y, width, height))) and 0 < width <= 1e9 and 0 < height <= 1e9
    return (x, y, width, height) if usable else None
