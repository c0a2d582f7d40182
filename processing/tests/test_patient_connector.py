"""What a worker asks of the queue while the database is away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException

from processing import patient_connector
from processing.patient_connector import PatientConnector

AWAY = psycopg.OperationalError("connection refused")
REFUSED = psycopg.errors.CheckViolation("no")


def wrapped(cause: Exception) -> ConnectorException:
    error = ConnectorException()
    error.__cause__ = cause
    return error


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> PatientConnector:
    monkeypatch.setattr(patient_connector, "AGAIN_SECONDS", 0.0)
    return PatientConnector(no_parameters)


async def no_parameters() -> dict[str, Any]:
    return {}


def outcomes(monkeypatch: pytest.MonkeyPatch, name: str, *given: object) -> Iterator[object]:
    """What procrastinate's own method does, one time after another; what it did not get to is left."""
    remaining = iter(given)

    async def answer(self: PsycopgConnector, *_: object, **__: object) -> object:
        outcome = next(remaining)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(PsycopgConnector, name, answer)
    return remaining


@pytest.mark.parametrize(
    "name", ["execute_query_async", "execute_query_one_async", "execute_query_all_async", "listen_notify"]
)
@pytest.mark.parametrize("error", [wrapped(AWAY), wrapped(psycopg.InterfaceError()), OperationalError()])
async def test_it_asks_again_until_the_database_is_back(
    connector: PatientConnector, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    left = outcomes(monkeypatch, name, error, error, None, "not asked for")
    arguments: tuple[Any, ...] = ("LISTEN", []) if name == "listen_notify" else ("SELECT 1",)
    await getattr(connector, name)(*arguments)
    assert list(left) == ["not asked for"]


async def test_it_answers_what_the_database_did(
    connector: PatientConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes(monkeypatch, "execute_query_one_async", wrapped(AWAY), {"id": 7})
    assert await connector.execute_query_one_async("SELECT 1") == {"id": 7}


async def test_what_the_database_refuses_is_not_asked_again(
    connector: PatientConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes(monkeypatch, "execute_query_async", wrapped(REFUSED))
    with pytest.raises(ConnectorException):
        await connector.execute_query_async("SELECT 1")


async def test_who_has_given_up_does_not_wait(
    connector: PatientConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes(monkeypatch, "execute_query_async", wrapped(AWAY))
    connector.give_up()
    with pytest.raises(ConnectorException):
        await connector.execute_query_async("SELECT 1")


async def test_an_outage_is_logged_once(
    connector: PatientConnector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes(monkeypatch, "execute_query_async", wrapped(AWAY), wrapped(AWAY), None, wrapped(AWAY), None)
    for _ in range(2):
        await connector.execute_query_async("SELECT 1")
    assert [record.message for record in caplog.records] == [
        "the queue waits for the database: connection refused"
    ] * 2
