"""Filters of the lists in the admin site, which look at no more rows than they show."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest

_VALUE: Final = re.compile(r"(20[0-9]{2})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?")


class ColumnFilter(SimpleListFilter):
    """By the value of the column `parameter_name`; a subclass says which there are."""

    parameter_name: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        if "\0" in value:
            raise IncorrectLookupParameters
        try:
            return queryset.filter(**{self.parameter_name: value})
        except (ValueError, ValidationError):
            raise IncorrectLookupParameters from None


class LinkedFilter(ColumnFilter):
    """Its value is chosen by a link in the list; until then it takes no room."""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        value = self.value()
        try:
            return [(value, self.name_of(value))] if value else []
        except (ValueError, ValidationError):
            raise IncorrectLookupParameters from None

    def name_of(self, value: str) -> str:
        """How people call what was chosen."""
        return value


class DateFilter(SimpleListFilter):
    """Years, then the months of one, then the days of one, in UTC; the model has a column `created_at`.

    Django's `date_hierarchy` asks for the distinct dates of all rows, this for the first and the last.
    """

    title = "date"
    parameter_name = "date"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        ends = model_admin.model._default_manager.aggregate(first=Min("created_at"), last=Max("created_at"))
        if ends["first"] is None:
            return []
        chosen = self.value() or ""
        values = _path(chosen) + [
            value
            for value in _children(chosen, range(ends["first"].year, ends["last"].year + 1))
            if _period(value)[0] <= ends["last"] and ends["first"] < _period(value)[1]
        ]
        return [(value, _title(value)) for value in values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        start, end = _period(value)
        return queryset.filter(created_at__gte=start, created_at__lt=end)


def _path(value: str) -> list[str]:
    """`2026-11` lies below `2026`."""
    return [value[:length] for length in (4, 7, 10) if length <= len(value)]


def _children(value: str, years: range) -> list[str]:
    if not value:
        return [str(year) for year in years]
    year, month, day = _numbers(value)
    if day:
        return []
    below = monthrange(year, month)[1] if month else 12
    return [f"{value}-{number:02}" for number in range(1, below + 1)]


def _title(value: str) -> str:
    return _period(value)[0].strftime(("%Y", "%B %Y", "%d %B %Y")[value.count("-")])


def _period(value: str) -> tuple[datetime, datetime]:
    """Its first moment, and the first one after. Raises IncorrectLookupParameters."""
    year, month, day = _numbers(value)
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=UTC)
    except ValueError:  # 31 February
        raise IncorrectLookupParameters from None
    if day:
        return start, start + timedelta(days=1)
    if month:
        return start, start + timedelta(days=monthrange(year, month)[1])
    return start, start.replace(year=year + 1)


def _numbers(value: str) -> tuple[int, int, int]:
    """Year, month and day, 0 for what is not given. Raises IncorrectLookupParameters."""
    match = _VALUE.fullmatch(value)
    if match is None:
        raise IncorrectLookupParameters
    year, month, day = (int(number or 0) for number in match.groups())
    return year, month, day
