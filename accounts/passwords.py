"""What a new password must look like."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Final

from snapotter.common.errors import ValidationFailed

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 1024

_RULES: Final[tuple[tuple[str, str, Callable[[str], bool]], ...]] = (
    ("minLength", f"at least {MIN_LENGTH} characters", lambda text: len(text) >= MIN_LENGTH),
    ("maxLength", f"at most {MAX_LENGTH} characters", lambda text: len(text) <= MAX_LENGTH),
    ("uppercase", "an upper-case letter", lambda text: any(char.isupper() for char in text)),
    ("lowercase", "a lower-case letter", lambda text: any(char.islower() for char in text)),
    ("digit", "a digit", lambda text: any(char.isdecimal() for char in text)),
    ("control", "no control characters", lambda text: not any(map(_is_control, text))),
)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs")


def check_strength(password: str) -> None:
    """Raises ValidationFailed with `rule` (the first broken one), `rules` and, if broken, `minLength`."""
    normal = unicodedata.normalize("NFKC", password)
    broken = [(name, text) for name, text, holds in _RULES if not holds(normal)]
    if not broken:
        return
    names = [name for name, _ in broken]
    bounds: dict[str, Any] = {"minLength": MIN_LENGTH} if "minLength" in names else {}
    raise ValidationFailed(
        "A password needs " + ", ".join(text for _, text in broken), rule=names[0], rules=names, **bounds
    )
