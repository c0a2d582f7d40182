"""What people write in one place and others read in another, on one line: names, descriptions."""

from __future__ import annotations

import unicodedata
from typing import Final

_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories: control characters, halves of surrogate pairs, what ends a line or a paragraph."""
_DIRECTIONS: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def is_control(sign: str) -> bool:
    """Also what turns the direction of the text around it, as it makes `gpj.exe` read as `exe.jpg`."""
    return unicodedata.category(sign) in _CONTROLS or unicodedata.bidirectional(sign) in _DIRECTIONS


def has_control(text: str) -> bool:
    return any(map(is_control, text))


def is_visible(text: str) -> bool:
    """Whether there is anything to see."""
    return any(unicodedata.category(sign)[0] in "LNPS" for sign in text)
