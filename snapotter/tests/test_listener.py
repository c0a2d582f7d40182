"""The process's ear for NOTIFY."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from snapotter.common import listener as module
from snapotter.common.listener import NAME, Listener
from snapotter.tests.listening import cut_off, elsewhere, listening_connections
from snapotter.tests.waiting import eventually

CHANNEL = "otters"
Heard = list[tuple[str, str | None]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def listener(transactional_db: None, heard: Heard) -> Iterator[Listener]:
    """Running, with what it heard since it connected."""
    listener = Listener()
    listener.subscribe(CHANNEL, lambda payload: heard.append((CHANNEL, payload)))
    listener.subscribe("Big Fish", lambda payload: heard.append(("Big Fish", payload)))
    listener.start()
    eventually(lambda: len(heard) == 2, "the listener connects and says so")
    heard.clear()
    yield listener
    listener.stop()


def test_a_subscriber_hears_what_its_channel_is_told(listener: Listener, heard: Heard) -> None:
    elsewhere("SELECT pg_notify('otters', 'one')")
    elsewhere("SELECT pg_notify('herons', 'none')")
    elsewhere("SELECT pg_notify('Big Fish', 'two')")
    eventually(lambda: len(heard) == 2, "both notifications come")
    assert heard == [(CHANNEL, "one"), ("Big Fish", "two")]


def test_many_at_once_come_in_order(listener: Listener, heard: Heard) -> None:
    elsewhere("SELECT pg_notify('otters', number::text) FROM generate_series(1, 5000) AS number")
    eventually(lambda: len(heard) == 5000, "all notifications come")
    assert [payload for _, payload in heard] == [str(number) for number in range(1, 5001)]


def test_it_comes_back_when_it_was_cut_off_and_says_that_something_may_be_missing(
    listener: Listener, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert cut_off() == 1
        # at the loss and at the return, to each of the two
        eventually(lambda: len(heard) == 4, "it reconnects and says so")
    assert {payload for _, payload in heard} == {None}
    assert caplog.text.count("notifications are not heard") == 1
    elsewhere("SELECT pg_notify('otters', 'again')")
    eventually(lambda: heard[-1] == (CHANNEL, "again"), "it hears again")
    assert listening_connections() == 1


def test_a_long_outage_is_logged_once(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[float] = []

    def refuse(**parameters: Any) -> None:
        tries.append(1)
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(module, "FIRST_DELAY_SECONDS", 0.001)
    monkeypatch.setattr(psycopg, "connect", refuse)
    listener = Listener()
    listener.start()
    eventually(lambda: len(tries) >= 5, "it tries again and again")
    listener.stop()
    assert caplog.text.count("connection refused") == 1
    assert not listener.is_connected()


def test_a_subscriber_that_fails_harms_nobody(
    listener: Listener, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(payload: str | None) -> None:
        raise ZeroDivisionError

    listener.stop()
    listener.subscribe("herons", fail)
    listener.start()
    eventually(listener.is_connected, "it connects")
    elsewhere("SELECT pg_notify('herons', 'x')")
    elsewhere("SELECT pg_notify('otters', 'one')")
    eventually(lambda: (CHANNEL, "one") in heard, "the others hear")
    assert "a subscriber of herons failed" in caplog.text


def test_it_stops_and_starts_again(listener: Listener, heard: Heard) -> None:
    listener.stop()
    assert not listener.is_connected()
    assert heard == [(CHANNEL, None), ("Big Fish", None)]
    eventually(lambda: listening_connections() == 0, "its connection is closed")
    listener.stop()
    listener.start()
    eventually(listener.is_connected, "it connects again")


def test_it_stops_while_it_waits_for_a_database(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused = threading.Event()

    def refuse(**parameters: Any) -> None:
        refused.set()
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(module, "FIRST_DELAY_SECONDS", 3600.0)
    monkeypatch.setattr(psycopg, "connect", refuse)
    listener = Listener()
    listener.start()
    assert refused.wait(20)
    listener.stop()
    assert NAME not in [thread.name for thread in threading.enumerate()]


def test_nobody_subscribes_to_one_that_runs(listener: Listener) -> None:
    with pytest.raises(RuntimeError, match="before"):
        listener.subscribe("late", print)


def test_it_sends_nothing_while_nothing_happens(listener: Listener, heard: Heard) -> None:
    """PostgreSQL notes when each connection's last statement began."""
    last = "SELECT query_start, query FROM pg_stat_activity WHERE application_name = %s"

    def last_statement() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(last, [NAME])
            return cursor.fetchone()

    before = last_statement()
    elsewhere("SELECT pg_notify('otters', 'one')")
    eventually(lambda: bool(heard), "it hears")
    assert last_statement() == before
    assert before[1].startswith("LISTEN")


def test_a_fork_hears_nothing_and_leaves_the_parents_connection(heard: Heard, listener: Listener) -> None:
    os.register_at_fork(after_in_child=listener.forget_inherited)  # as the process's own listener has it
    child = os.fork()
    if child == 0:
        os._exit(7 if listener.is_connected() else _stopped(listener))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    elsewhere("SELECT pg_notify('otters', 'one')")
    eventually(lambda: heard == [(CHANNEL, "one")], "the parent still hears")


def _stopped(listener: Listener) -> int:
    """0 when stopping a listener that does not run here does nothing."""
    listener.stop()
    return 0
