"""Several services at once, each on a connection of its own."""

from __future__ import annotations

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


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions at once, each on a connection of its own; what each returned or raised."""
    start = Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        start.wait()
        return outcome(action)

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))
