"""What people write in one place and others read in another, on one line: names, descriptions."""

from __future__ import annotations

import unicodedata
from typing import Final

_DIRECTIONS: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def has_control(text: str) -> bool:
    """Also what turns the direction of the text around it: a name could pass for another."""
    return any(map(_is_control, text))


def is_visible(text: str) -> bool:
    """Whether there is anything to see."""
    return any(unicodedata.category(sign)[0] in "LNPS" for sign in text)


def _is_control(sign: str) -> bool:
    return unicodedata.category(sign) == "Cc" or unicodedata.bidirectional(sign) in _DIRECTIONS
