"""What a process knows of the settings while a listener runs: every change, as soon as it is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from importlib import import_module
from threading import Event

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from conftest import Api
from processing.tests.requests import jpeg, post
from snapotter.common import listener
from snapotter.common.listener import Listener
from snapotter.runtime import store
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import APP_NAME, DEFAULT_THEME, DISABLED_TOOLS
from snapotter.runtime.services import change
from snapotter.tests.listening import cut_off, elsewhere
from snapotter.tests.waiting import PATIENCE, eventually

HOLT = "INSERT INTO settings (key, value) VALUES ('appName', 'Holt')"


@pytest.fixture
def listening(transactional_db: None) -> Iterator[None]:
    listener.start()
    eventually(listener.is_connected, "the listener connects")
    store.forget()
    yield
    listener.stop()


@pytest.fixture
def no_reading_by_age(listening: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is seen was told."""
    monkeypatch.setattr(store, "LISTENING_MAX_AGE_SECONDS", 3600.0)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        (HOLT, "Holt"),
        ("UPDATE settings SET value = 'Holt' WHERE key = 'appName'", "Holt"),
        ("DELETE FROM settings WHERE key = 'appName'", "SnapOtter"),
        ("TRUNCATE settings", "SnapOtter"),
    ],
)
def test_a_change_by_sql_is_told(no_reading_by_age: None, sql: str, name: str) -> None:
    if not sql.startswith("INSERT"):
        elsewhere("INSERT INTO settings (key, value) VALUES ('appName', 'Drey')")
        eventually(lambda: store.get(APP_NAME) == "Drey", "the first change is seen")
    assert store.get(APP_NAME) != name
    elsewhere(sql)
    eventually(lambda: store.get(APP_NAME) == name, "the change is seen")


def test_nothing_but_the_name_is_told(transactional_db: None) -> None:
    told: list[str | None] = []
    ear = Listener()
    ear.subscribe(store.CHANNEL, told.append)
    ear.start()
    eventually(ear.is_connected, "the listener connects")
    elsewhere(HOLT)
    eventually(lambda: "appName" in told, "the notification comes")
    ear.stop()
    assert set(told) == {None, "appName"}


def test_while_nothing_changes_nothing_is_read(
    no_reading_by_age: None,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    store.get(APP_NAME)
    later = time.monotonic() + 1800
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with django_assert_num_queries(0):
        store.get(APP_NAME)
        store.get(DEFAULT_THEME)
        store.get(DISABLED_TOOLS)


def test_a_page_and_a_run_do_not_ask_the_table(no_reading_by_age: None, api: Api, alice: User) -> None:
    store.get(APP_NAME)
    with CaptureQueriesContext(connection) as queries:
        assert api.get("/login").status_code == 200
        assert post(api.as_user(alice), jpeg(), {"width": 50}).status_code == 200
    assert len(queries) > 0
    assert not [query for query in queries if '"settings"."key"' in query["sql"]]


def test_a_gap_in_the_connection_is_read_over(no_reading_by_age: None) -> None:
    assert store.get(APP_NAME) == "SnapOtter"
    assert cut_off() == 1
    elsewhere(HOLT)  # in the gap, or after it
    eventually(lambda: store.get(APP_NAME) == "Holt", "the change is seen")
    eventually(listener.is_connected, "the listener is back")
    elsewhere("UPDATE settings SET value = 'Drey' WHERE key = 'appName'")
    eventually(lambda: store.get(APP_NAME) == "Drey", "changes are told again")


def test_a_reading_that_a_notification_overtook_is_not_kept(
    no_reading_by_age: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader has its rows; then a change commits and is told; only then the rows are handed over."""
    read, forget = store._read, store.forget
    told = Event()

    def forget_and_tell() -> None:
        forget()
        told.set()

    def overtaken(known: dict[str, str]) -> object:
        rows = read(known)
        monkeypatch.setattr(store, "_read", read)
        elsewhere(HOLT)
        assert told.wait(PATIENCE)
        return rows

    monkeypatch.setattr(store, "forget", forget_and_tell)
    monkeypatch.setattr(store, "_read", overtaken)
    assert store.get(APP_NAME) == "SnapOtter"
    assert store.get(APP_NAME) == "Holt"


def test_a_failed_reading_is_tried_again_soon(
    no_reading_by_age: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction.atomic(), connection.cursor() as cursor, caplog.at_level(logging.ERROR):
        cursor.execute("SET LOCAL search_path = nowhere")
        assert store._read({"appName": "Known"}) == ({"appName": "Known"}, store.MAX_AGE_SECONDS)
        transaction.set_rollback(True)


def test_what_is_rolled_back_is_not_kept_for_long(no_reading_by_age: None) -> None:
    with transaction.atomic():
        change({"appName": "Holt"})
        assert store.get(APP_NAME) == "Holt"
        transaction.set_rollback(True)
    eventually(lambda: store.get(APP_NAME) == "SnapOtter", "the rolled back name is forgotten")


def test_the_migration_can_be_undone(transactional_db: None) -> None:
    migration = import_module("snapotter.runtime.migrations.0003_notify_changes").Migration
    (operation,) = migration.operations
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(operation.reverse_sql)
        Setting.objects.create(key="appName", value="Holt")
        cursor.execute(operation.sql)
        transaction.set_rollback(True)
