"""A thread that does something now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from snapotter.common.database import release_connection

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 5.0
"""Nothing that is done now and then minds being interrupted."""


class Periodic:
    """Calls `action` from `start` until `stop`, each time so many seconds after it was done with.

    The first time it calls `first` instead, if there is one. What fails is logged, and tried again in time.
    """

    def __init__(
        self,
        name: str,
        action: Callable[[], object],
        seconds: float,
        first: Callable[[], object] | None = None,
    ) -> None:
        self._action, self._first, self._seconds = action, first or action, seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        self._try(self._first)
        while not self._stopping.wait(self._seconds):
            self._try(self._action)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception:
            log.exception("the %s failed; the next time it may not", self._thread.name)
        finally:
            release_connection()
