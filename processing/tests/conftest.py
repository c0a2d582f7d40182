"""Fixtures of several files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processing.engine.pool import ChildPool
from processing.tests.pools import opened, unharmed
from processing.tests.queued import forget_queue


@pytest.fixture(scope="module")
def shared_pool() -> Iterator[ChildPool]:
    with opened() as pool:
        yield pool


@pytest.fixture
def pool(shared_pool: ChildPool) -> Iterator[ChildPool]:
    with unharmed(shared_pool):
        yield shared_pool


@pytest.fixture
def queue_of_its_own(transactional_db: None) -> Iterator[None]:
    """What tests commit to the queue stays there, as Django does not empty tables that are not its own."""
    forget_queue()
    yield
    forget_queue()
