"""The catalogue as the first page lists it: by category, and by what was searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from processing.tooling import Tool

CATEGORIES: Final = {
    "essentials": "Essentials",
    "optimization": "Optimization",
    "adjustments": "Adjustments",
    "watermark": "Watermark & overlay",
    "utilities": "Utilities",
    "layout": "Layout & composition",
    "format": "Format & conversion",
    "ai": "AI tools",
}


@dataclass(frozen=True)
class Card:
    tool: Tool[Any]
    found: bool

    @property
    def words(self) -> str:
        return words_of(self.tool)


@dataclass(frozen=True)
class Group:
    id: str
    title: str
    cards: list[Card]

    @property
    def found(self) -> int:
        return sum(card.found for card in self.cards)


def words_of(tool: Tool[Any]) -> str:
    """What a search looks through, in lower case."""
    return " ".join((tool.title, tool.id, tool.summary, CATEGORIES[tool.category], *tool.keywords)).lower()


def grouped(tools: Sequence[Tool[Any]], query: str) -> list[Group]:
    """Every tool in the order of the categories, marked whether it has all words of the query."""
    asked = query.lower().split()
    cards = [Card(tool, all(word in words_of(tool) for word in asked)) for tool in tools]
    groups = [
        Group(id, title, [card for card in cards if card.tool.category == id])
        for id, title in CATEGORIES.items()
    ]
    return [group for group in groups if group.cards]
