"""A second party at the database."""

from __future__ import annotations

import psycopg
from django.db import connection

from snapotter.common.listener import NAME

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
