"""The thread's database connection."""

from __future__ import annotations

from typing import Final

from django.db import InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

DATABASE_AWAY: Final = (OperationalError, InterfaceError)
"""What is raised when it does not answer, or the connection to it is lost."""


def release_connection() -> None:
    """Give the connection back to the pool; inside a transaction (a test's) it is not ours to give."""
    if not connection.in_atomic_block:
        connection.close()


def may_be_committed(error: BaseException) -> bool:
    """Whether a transaction that failed so may have been committed all the same, as the answer was lost with
    the connection."""
    if isinstance(error.__cause__, PoolTimeout):  # there was no connection
        return False
    return isinstance(error, DATABASE_AWAY)
