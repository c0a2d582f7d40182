"""Sizes as people write them in the admin site."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.admin.sizes import SizeField, size_text

FIELD = SizeField(least=1, most=2**63 - 1)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1 B", 1),
        ("500 MB", 500 * 2**20),
        ("1.5gb", 3 * 2**29),
        ("1,5 GB", 3 * 2**29),
        (" 2 TB ", 2**41),
        ("0.001 KB", 1),
        ("", None),
    ],
)
def test_they_are_read(text: str, size: int | None) -> None:
    assert FIELD.clean(text) == size


@pytest.mark.parametrize(
    ("text", "said"), [("0 B", "at least 1 B"), ("9000000 TB", "any server"), ("5", "unit")]
)
def test_what_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FIELD.clean(text)


@pytest.mark.parametrize("size", [1, 1023, 1024, 1536, 2**20 + 1, 3 * 2**29, 10**12, 2**63 - 1])
def test_what_is_shown_is_read_as_the_same(size: int) -> None:
    assert FIELD.clean(size_text(size)) == size
    assert not FIELD.has_changed(size, size_text(size))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1536, "1.5 KB"), (10 * 2**30, "10 GB"), (2**40, "1 TB")]
)
def test_they_are_shown_in_a_unit_that_fits(size: int, text: str) -> None:
    assert size_text(size) == text
