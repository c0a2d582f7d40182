"""Fixtures of several files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processing.engine.pool import ChildPool
from processing.tests.pools import opened, unharmed


@pytest.fixture(scope="module")
def shared_pool() -> Iterator[ChildPool]:
    with opened() as pool:
        yield pool


@pytest.fixture
def pool(shared_pool: ChildPool) -> Iterator[ChildPool]:
    with unharmed(shared_pool):
        yield shared_pool
