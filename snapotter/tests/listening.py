"""A second party at the database, and waiting for what a thread will do."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from django.db import connection

from snapotter.common.listener import NAME

PATIENCE_SECONDS = 20.0

# A statement and its parameter
LISTENING = (
    "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()",
    NAME,
)
CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = %s AND datname = current_database()",
    NAME,
)


def elsewhere(sql: str, *parameters: str) -> int:
    """Run it on a connection of its own, as another process would. The rows it touched or found."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        return other.execute(sql, parameters).rowcount


def listening_connections() -> int:
    return elsewhere(*LISTENING)


def cut_off() -> int:
    """End the listeners' connections from the server's side."""
    return elsewhere(*CUT_OFF)


def eventually(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)
