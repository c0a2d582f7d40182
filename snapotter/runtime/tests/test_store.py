"""What a process without a listener knows of the settings: own changes at once, others within a second."""

from __future__ import annotations

import logging
import threading
import uuid

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from snapotter.runtime import store
from snapotter.runtime.definition import MASK, Definition
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import APP_NAME, DEFAULT_THEME, INSTANCE_ID
from snapotter.runtime.services import change
from snapotter.tests.listening import elsewhere
from snapotter.tests.waiting import eventually


def test_the_default_is_the_environments(settings: Settings) -> None:
    settings.APP_NAME = "Holt"
    assert store.get(APP_NAME) == "Holt"


def test_an_own_change_acts_at_once(db: None) -> None:
    change({"appName": "Holt"})
    assert store.get(APP_NAME) == "Holt"


def test_the_change_of_another_process_acts_soon(transactional_db: None) -> None:
    store.forget()
    assert store.get(DEFAULT_THEME) == "system"
    elsewhere("INSERT INTO settings (key, value) VALUES ('defaultTheme', 'dark')")
    eventually(lambda: store.get(DEFAULT_THEME) == "dark", "the change of another process is seen")


def test_reading_again_costs_no_query(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    store.forget()
    with django_assert_num_queries(1):
        for _ in range(50):
            store.get(APP_NAME)
            store.get(DEFAULT_THEME)


def test_a_reading_that_a_change_overtook_is_not_kept(
    db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store.forget()
    old = dict(Setting.objects.values_list("key", "value"))

    def overtaken(known: object) -> tuple[dict[str, str], float]:
        monkeypatch.undo()
        change({"appName": "Holt"})
        return old, store.LISTENING_MAX_AGE_SECONDS

    monkeypatch.setattr(store, "_read", overtaken)
    assert store.get(APP_NAME) == "SnapOtter"
    assert store.get(APP_NAME) == "Holt"


def test_a_stored_value_that_is_not_valid_gives_way_to_the_default(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    Setting.objects.create(key="defaultTheme", value="dim")
    store.forget()
    with caplog.at_level(logging.WARNING):
        assert store.get(DEFAULT_THEME) == "system"
    assert "defaultTheme must be one of light, dark, system" in caplog.text


def test_without_a_database_the_last_known_values_stay(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    change({"appName": "Holt"})
    assert store.get(APP_NAME) == "Holt"
    store.forget()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SET LOCAL search_path = nowhere")
    assert store.get(APP_NAME) == "Holt"
    assert "settings cannot be read" in caplog.text


def test_many_threads_read_at_once(transactional_db: None) -> None:
    Setting.objects.create(key="appName", value="Holt")
    store.forget()
    seen: list[str] = []

    def read() -> None:
        seen.append(store.get(APP_NAME))
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert seen == ["Holt"] * 12


def test_the_installation_has_an_id(db: None) -> None:
    store.forget()
    assert uuid.UUID(store.get(INSTANCE_ID)).version == 4


def test_nothing_of_a_secret_is_shown_but_that_there_is_one() -> None:
    secret = Definition("token", APP_NAME.kind, str, "Tests", "Token", secret=True)
    assert (secret.shown("hunter2"), secret.shown("")) == (MASK, "")
