"""Reading settings: from memory, which is at most a second behind the table.

Each process rereads the whole table (some dozen short rows, one query below a millisecond) when its copy is a
second old and a setting is asked for; a change made in this process is seen at once. LISTEN would need a
thread and a connection of the pool in every web process for ever, would miss what is sent while it
reconnects, and so would need this reading anyway.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Final, TypeVar

from django.db import Error

from snapotter.runtime.definition import Definition
from snapotter.runtime.models import Setting

log = logging.getLogger(__name__)

MAX_AGE_SECONDS: Final = 1.0

T = TypeVar("T")


class _Copy:
    """The rows of the table as this process knows them. No lock is held during the query: whoever waits for a
    connection must not keep those waiting who have one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: Mapping[str, str] = {}
        self._fresh_until = 0.0
        self._changes = 0

    def rows(self) -> Mapping[str, str]:
        with self._lock:
            if time.monotonic() < self._fresh_until:
                return self._rows
            changes = self._changes
        return self._keep(_read(self._rows), changes)

    def _keep(self, rows: Mapping[str, str], changes: int) -> Mapping[str, str]:
        with self._lock:
            if changes == self._changes:  # else it was read before the change
                self.remember(rows)
        return rows

    def remember(self, rows: Mapping[str, str], seconds: float = MAX_AGE_SECONDS) -> None:
        self._rows, self._fresh_until = rows, time.monotonic() + seconds

    def forget(self) -> None:
        with self._lock:
            self._changes += 1
            self._fresh_until = 0.0


def _read(known: Mapping[str, str]) -> Mapping[str, str]:
    """Without a database, what was known: the page that says so needs settings too."""
    try:
        return dict(Setting.objects.values_list("key", "value"))
    except Error as error:
        log.error("settings cannot be read, the last known ones stay: %s", error)
        return known


_copy = _Copy()
forget = _copy.forget
remember = _copy.remember


def get(definition: Definition[T]) -> T:
    """The value of a setting, its default when none is stored or the stored one is not valid any more."""
    stored = _copy.rows().get(definition.name)
    if stored is None:
        return definition.default()
    try:
        return definition.kind.parse(stored)
    except ValueError as error:
        log.warning("the stored setting %s %s; using its default", definition.name, error)
        return definition.default()
