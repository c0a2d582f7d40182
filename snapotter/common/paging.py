"""Pages of a list: `page` from 1, `limit` 1..100, 50 when absent; what is no number counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_PAGE = 10**6

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page:
    number: int
    limit: int

    PARAMETERS: ClassVar[list[OpenApiParameter]] = [
        OpenApiParameter("page", int, description="From 1."),
        OpenApiParameter("limit", int, description=f"1 to {MAX_LIMIT}, {DEFAULT_LIMIT} when absent."),
    ]

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Page:
        number = _integer(query.get("page")) or 1
        limit = _integer(query.get("limit")) or DEFAULT_LIMIT
        return cls(number=min(max(number, 1), MAX_PAGE), limit=min(max(limit, 1), MAX_LIMIT))

    @property
    def start(self) -> int:
        return (self.number - 1) * self.limit

    @property
    def stop(self) -> int:
        return self.start + self.limit

    def cut(self, rows: QuerySet[Row]) -> tuple[list[Row], int]:
        """The rows of this page and the total over all pages: two queries."""
        return list(rows[self.start : self.stop]), rows.count()


def _integer(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
