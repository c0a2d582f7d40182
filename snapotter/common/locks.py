"""Locks between processes that live in PostgreSQL and die with the connection that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.db import connection


def lock_number(name: str) -> int:
    """The signed 64-bit key of an advisory lock."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)


@contextmanager
def advisory_lock(name: str) -> Iterator[None]:
    """Hold the session-level lock `name`; waits for whoever has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock_number(name)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [lock_number(name)])


def transaction_lock(name: str) -> None:
    """Take the lock `name` until the transaction ends; waits for whoever has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(name)])


@contextmanager
def advisory_lock_if_free(name: str) -> Iterator[bool]:
    """Hold the session-level lock `name`; False, and no lock, while somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock_number(name)])
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock_number(name)])
