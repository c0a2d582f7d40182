"""Several services at once, each on a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from snapotter.common.errors import SnapOtterError


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action() or "done"
    except SnapOtterError as error:
        return type(error)
    finally:
        connection.close()


def wait_for_a_waiter(seconds: float = 10) -> None:
    """Until another connection waits for a lock, which is: for what this one has locked."""
    until = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone():
                return
            time.sleep(0.01)
    raise TimeoutError("nobody waits")


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions at once, each on a connection of its own; what each returned or raised."""
    start = Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        start.wait()
        return outcome(action)

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))
