"""How many files the server may have open."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from snapotter.management.commands.serve import MOST_FILES, allow_many_files


@pytest.fixture
def hard() -> Iterator[int]:
    """The most that may be asked for; what is asked for is taken back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def allowed() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_it_asks_for_more_than_it_is_given(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    allow_many_files()
    assert allowed() == (MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard))


def test_it_takes_nothing_away(hard: int) -> None:
    before = allowed()
    allow_many_files()
    assert allowed() >= before
