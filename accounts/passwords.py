"""What a new password must look like."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Final

from snapotter.common.errors import ValidationFailed
from snapotter.runtime import store
from snapotter.runtime.definition import Definition
from snapotter.runtime.registry import (
    PASSWORD_DIGIT,
    PASSWORD_LOWERCASE,
    PASSWORD_MIN_LENGTH,
    PASSWORD_SPECIAL,
    PASSWORD_UPPERCASE,
)

MAX_LENGTH: Final = 1024

Rule = tuple[str, str, Callable[[str], bool]]

_ALWAYS: Final[tuple[Rule, ...]] = (
    ("maxLength", f"at most {MAX_LENGTH} characters", lambda text: len(text) <= MAX_LENGTH),
    ("control", "no control characters", lambda text: not any(map(_is_control, text))),
)
_WHEN_SET: Final[tuple[tuple[Definition[bool], Rule], ...]] = (
    (PASSWORD_UPPERCASE, ("uppercase", "an upper-case letter", lambda text: any(map(str.isupper, text)))),
    (PASSWORD_LOWERCASE, ("lowercase", "a lower-case letter", lambda text: any(map(str.islower, text)))),
    (PASSWORD_DIGIT, ("digit", "a digit", lambda text: any(map(str.isdecimal, text)))),
    (PASSWORD_SPECIAL, ("special", "a special character", lambda text: not text.isalnum())),
)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs")


def min_length() -> int:
    return store.get(PASSWORD_MIN_LENGTH)


def _rules(shortest: int) -> list[Rule]:
    least: Rule = ("minLength", f"at least {shortest} characters", lambda text: len(text) >= shortest)
    return [least, *(rule for setting, rule in _WHEN_SET if store.get(setting)), *_ALWAYS]


def check_strength(password: str) -> None:
    """Raises ValidationFailed with `rule` (the first broken one), `rules` and, if broken, `minLength`."""
    normal, shortest = unicodedata.normalize("NFKC", password), min_length()
    broken = [(name, text) for name, text, holds in _rules(shortest) if not holds(normal)]
    if not broken:
        return
    names = [name for name, _ in broken]
    bounds: dict[str, Any] = {"minLength": shortest} if "minLength" in names else {}
    raise ValidationFailed(
        "A password needs " + ", ".join(text for _, text in broken), rule=names[0], rules=names, **bounds
    )
