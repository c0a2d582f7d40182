"""The thread's database connection."""

from __future__ import annotations

from django.db import connection


def release_connection() -> None:
    """Give the connection back to the pool; inside a transaction (a test's) it is not ours to give."""
    if not connection.in_atomic_block:
        connection.close()
