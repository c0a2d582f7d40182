"""Reading settings: from memory, which hears of every change.

Each process keeps a copy of the whole table, some dozen short rows. A change made in this process drops it
at once. A change made elsewhere drops it by a notification (the trigger of migration 0003), and so does every
gap in which one might have been missed. A dropped copy is read again when a setting is asked for.

Where no listener runs (commands), or while it has no connection, a copy is good for one second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Final, TypeVar

from django.db import Error, connection

from snapotter.common import listener
from snapotter.runtime.definition import Definition
from snapotter.runtime.models import Setting

log = logging.getLogger(__name__)

CHANNEL: Final = "settings"
MAX_AGE_SECONDS: Final = 1.0
# Not for ever: a pooler or a network in between may swallow notifications without closing the connection.
LISTENING_MAX_AGE_SECONDS: Final = 60.0

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
        rows, seconds = _read(self._rows)
        with self._lock:
            if changes == self._changes:  # else it was read before the change
                self.remember(rows, seconds)
        return rows

    def remember(self, rows: Mapping[str, str], seconds: float) -> None:
        self._rows, self._fresh_until = rows, time.monotonic() + seconds

    def forget(self) -> None:
        with self._lock:
            self._changes += 1
            self._fresh_until = 0.0


def _read(known: Mapping[str, str]) -> tuple[Mapping[str, str], float]:
    """The rows and how long they are good for.

    Without a database, what was known: the page that says so needs settings too.
    """
    try:
        return dict(Setting.objects.values_list("key", "value")), _max_age()
    except Error as error:
        log.error("settings cannot be read, the last known ones stay: %s", error)
        return known, MAX_AGE_SECONDS


def _max_age() -> float:
    """What a transaction reads may be rolled back, and nobody would be notified."""
    if listener.is_connected() and not connection.in_atomic_block:
        return LISTENING_MAX_AGE_SECONDS
    return MAX_AGE_SECONDS


_copy = _Copy()
forget = _copy.forget
remember = _copy.remember


def follow_changes() -> None:
    """Drop the copy at each notification, once a listener runs."""
    listener.subscribe(CHANNEL, lambda key: forget())


def get(definition: Definition[T]) -> T:
    """The value of a setting."""
    return value_of(definition, _copy.rows().get(definition.name))


def value_of(definition: Definition[T], stored: str | None) -> T:
    """What a row means: the default when there is none or what it holds is not valid any more."""
    if stored is None:
        return definition.default()
    try:
        return definition.kind.parse(stored)
    except ValueError as error:
        log.warning("the stored setting %s %s; using its default", definition.name, error)
        return definition.default()
