"""Amounts of storage as people write them. In tables they are bytes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from django import forms

_UNITS: Final = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SIZE: Final = re.compile(r"([0-9]{1,19}(?:[.,][0-9]{1,6})?)\s*([KMGT]?B)", re.IGNORECASE)


class SizeField(forms.CharField):
    """`500 MB` or `1.5 GB`, from `least` to `most` bytes; None where nothing is typed."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        super().__init__(required=False, **options)
        self._bounds = (least, most)
        self.widget.attrs |= {"placeholder": "Not set", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return size_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        text = super().to_python(value)
        if not text:
            return None
        match = _SIZE.fullmatch(text)
        if match is None:
            raise forms.ValidationError("Write an amount with its unit, as 500 MB or 1.5 GB.")
        size = int(Decimal(match[1].replace(",", ".")) * _UNITS[match[2].upper()])
        least, most = self._bounds
        if size < least:
            raise forms.ValidationError(f"This must be at least {size_text(least)}.")
        if size > most:
            raise forms.ValidationError("This is more than any server can hold.")
        return size

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != self.to_python(initial))
        except forms.ValidationError:
            return True


def size_text(size: int) -> str:
    """In the largest unit that is exact with three decimals, so that reading it gives the same size again."""
    exact = [unit for unit, factor in _UNITS.items() if size >= factor and size * 1000 % factor == 0]
    unit = exact[-1] if exact else "B"
    amount = (Decimal(size) / _UNITS[unit]).normalize()
    return f"{amount:f} {unit}"
