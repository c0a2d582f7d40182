"""What a setting may hold, and how that reads as text: the form of the table and of the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

ITEM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
ITEMS: Final = 1000


class Kind(Generic[T]):
    def parse(self, text: str) -> T:
        """Raises ValueError with what is expected, to follow the name of the setting."""
        raise NotImplementedError

    def text(self, value: T) -> str:
        return str(value)


@dataclass(frozen=True)
class Text(Kind[str]):
    longest: int

    def parse(self, text: str) -> str:
        text = text.strip()
        if not 1 <= len(text) <= self.longest or not text.isprintable():
            raise ValueError(f"must be 1 to {self.longest} printable characters")
        return text


@dataclass(frozen=True)
class Choice(Kind[str]):
    """One of `options`: each with how people call it."""

    options: Mapping[str, str]

    def parse(self, text: str) -> str:
        if text not in self.options:
            raise ValueError("must be one of " + ", ".join(self.options))
        return text


@dataclass(frozen=True)
class Whole(Kind[int]):
    low: int
    high: int

    def parse(self, text: str) -> int:
        # Not int() alone: it also takes "1_0", blanks and digits of other scripts.
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or not self.low <= int(text) <= self.high:
            raise ValueError(f"must be a whole number from {self.low} to {self.high}")
        return int(text)


@dataclass(frozen=True)
class Number(Kind[float]):
    """A decimal number, of which six decimals count."""

    low: float
    high: float

    def parse(self, text: str) -> float:
        # Not float() alone: it also takes "nan", "1e3", blanks and digits of other scripts.
        if (
            not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", text)
            or not self.low <= float(text) <= self.high
        ):
            raise ValueError(f"must be a number from {self.low:g} to {self.high:g}")
        return float(text)

    def text(self, value: float) -> str:
        return f"{value:.6f}".rstrip("0").rstrip(".")


class Truth(Kind[bool]):
    def parse(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError("must be true or false")
        return text == "true"

    def text(self, value: bool) -> str:
        return "true" if value else "false"


class Ids(Kind[tuple[str, ...]]):
    """A JSON array of ids."""

    def parse(self, text: str) -> tuple[str, ...]:
        items = _json(text)
        if not isinstance(items, list) or len(items) > ITEMS or not all(map(_is_id, items)):
            raise ValueError('must be a JSON array of ids, like ["resize"]')
        return tuple(items)

    def text(self, value: tuple[str, ...]) -> str:
        return json.dumps(value)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON") from None


def _is_id(item: object) -> bool:
    return isinstance(item, str) and ITEM.fullmatch(item) is not None
