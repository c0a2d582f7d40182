"""A worker's connection to the queue, which outlives the absence of the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from django.db import OperationalError
from procrastinate import PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 0.5
CONNECT_SECONDS: Final = 2.0
"""Whoever waits for a connection asks for a new one after that."""
_AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, OperationalError)

T = TypeVar("T")


class PatientConnector(PsycopgConnector):
    """Asks again while the database does not answer, until `give_up`.

    procrastinate's worker takes any error for its end: it would fetch nothing more, wait for the last of the
    jobs that run, and only then could it be started again. What is asked twice may have been done twice: a
    row that was fetched but not received waits for the sweep (processing.recovery).
    """

    def __init__(self, connection_parameters: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        super().__init__(
            kwargs=connection_parameters,
            min_size=0,
            max_size=4,
            timeout=CONNECT_SECONDS,
            reconnect_timeout=0,  # else the pauses between its attempts double, up to minutes
        )
        self._given_up = False
        self._is_waiting = False

    def give_up(self) -> None:
        """From here on errors are raised: a worker that ends waits for no database."""
        self._given_up = True

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        ask = super().execute_query_async
        await self._until_answered(lambda: ask(query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        ask = super().execute_query_one_async
        return await self._until_answered(lambda: ask(query, **arguments))

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        ask = super().execute_query_all_async
        return await self._until_answered(lambda: ask(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        listen = super().listen_notify
        await self._until_answered(lambda: listen(on_notification, channels))

    async def _until_answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                answer = await ask()
            except (ConnectorException, *_AWAY) as error:
                if self._given_up or not _is_away(error):
                    raise
                self._note(error)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                self._is_waiting = False
                return answer

    def _note(self, error: Exception) -> None:
        """Once per outage."""
        if not self._is_waiting:
            log.warning("the queue waits for the database: %s", error.__cause__ or error)
        self._is_waiting = True


def _is_away(error: Exception) -> bool:
    return isinstance(error.__cause__ if isinstance(error, ConnectorException) else error, _AWAY)
