"""What PostgreSQL's NOTIFY tells, heard on one connection per process by whoever subscribed.

    subscribe("settings", forget)  # while the process starts
    start()                        # in each process that serves, after it forked
    stop()

Commands and tests start no listener. Who depends on one asks `is_connected()` and does without otherwise.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final

import psycopg
from django.db import connection
from psycopg import sql

log = logging.getLogger(__name__)

Handler = Callable[[str | None], None]

FIRST_DELAY_SECONDS: Final = 0.1
LONGEST_DELAY_SECONDS: Final = 5.0
STOP_SECONDS: Final = 10.0
NAME: Final = "snapotter listener"
_PARAMETERS: Final = {
    "application_name": NAME,
    "connect_timeout": 5,
    # Nothing is sent for days: only these tell that a network in between dropped the connection.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


class Listener:
    """`is_connected` is true while nothing that is notified can be missed."""

    def __init__(self) -> None:
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)
        self._thread: threading.Thread | None = None
        self._stop: socket.socket | None = None
        self._connected = False

    def subscribe(self, channel: str, handler: Handler) -> None:
        """Have `handler` called with each payload; with None when something may have been missed.

        It is called in the listener's thread, so it must be quick. Raises RuntimeError once started.
        """
        if self._thread is not None:
            raise RuntimeError("subscribe before the listener starts")
        self._handlers[channel].append(handler)

    def start(self) -> None:
        self._stop, stop = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(stop,), name=NAME, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and end the thread; harmless when there is none."""
        if self._thread is None or self._stop is None:
            return
        self._stop.shutdown(socket.SHUT_RDWR)  # closing it would not do: a forked child may hold it too
        self._thread.join(STOP_SECONDS)
        self._leave()

    def is_connected(self) -> bool:
        return self._connected

    def forget_inherited(self) -> None:
        """In a forked child: the thread did not come along, and the connection is the parent's."""
        self._connected = False
        self._leave()

    def _leave(self) -> None:
        if self._stop is not None:
            self._stop.close()
        self._thread = self._stop = None

    def _run(self, stop: socket.socket) -> None:
        delay = FIRST_DELAY_SECONDS
        with stop:
            while not _wait(0, stop):
                try:
                    with self._connection() as listening:
                        delay = FIRST_DELAY_SECONDS
                        self._follow(listening, stop)
                except Exception as error:  # noqa: BLE001  whatever it is, the next connection may be better
                    if delay == FIRST_DELAY_SECONDS:  # once per outage
                        log.warning("notifications are not heard until the database is back: %s", error)
                    _wait(delay, stop)
                    delay = min(2 * delay, LONGEST_DELAY_SECONDS)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Connected and listening; before and after it, subscribers may have missed something."""
        parameters = {**connection.get_connection_params(), **_PARAMETERS}
        with psycopg.connect(**parameters, autocommit=True) as listening:
            for channel in self._handlers:
                listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            self._connected = True
            try:
                self._tell_all()
                yield listening
            finally:
                self._connected = False
                self._tell_all()

    def _follow(self, listening: psycopg.Connection[Any], stop: socket.socket) -> None:
        """Hand on what comes until `stop` says so. psycopg alone would wake up ten times a second."""
        while True:
            for notice in listening.notifies(timeout=0):
                self._tell(notice.channel, notice.payload)
            if _wait(None, stop, listening):
                return

    def _tell_all(self) -> None:
        for channel in self._handlers:
            self._tell(channel, None)

    def _tell(self, channel: str, payload: str | None) -> None:
        for handler in self._handlers[channel]:
            try:
                handler(payload)
            except Exception:
                log.exception("a subscriber of %s failed", channel)


def _wait(seconds: float | None, stop: socket.socket, *others: psycopg.Connection[Any]) -> bool:
    """Wait until there is something to read, or the time is up; True when it is time to stop."""
    with DefaultSelector() as selector:
        selector.register(stop, EVENT_READ)
        for other in others:
            selector.register(other, EVENT_READ)
        return any(key.fileobj is stop for key, _ in selector.select(seconds))


_listener = Listener()
subscribe = _listener.subscribe
start = _listener.start
stop = _listener.stop
is_connected = _listener.is_connected
os.register_at_fork(after_in_child=_listener.forget_inherited)
