"""Threads that do something now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from processing.periodic import Periodic
from snapotter.tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processing.periodic.release_connection", lambda: None)


class Calls:
    """Knows who was called, and when it was the `most`-th time."""

    def __init__(self, most: int) -> None:
        self.names: list[str] = []
        self._most = most
        self._enough = threading.Event()

    def of(self, name: str) -> Callable[[], None]:
        def called() -> None:
            self.names.append(name)
            if len(self.names) >= self._most:
                self._enough.set()
            raise RuntimeError("it always fails")

        return called

    def wait(self) -> None:
        assert self._enough.wait(PATIENCE)


def test_it_goes_on_whatever_fails_until_it_is_stopped() -> None:
    calls = Calls(3)
    periodic = Periodic("test", calls.of("action"), 0.001, first=calls.of("first"))
    periodic.start()
    calls.wait()
    periodic.stop()
    seen = list(calls.names)
    assert seen[:3] == ["first", "action", "action"]
    assert not periodic._thread.is_alive()
    assert calls.names == seen


def test_it_stops_at_once_however_long_the_pause() -> None:
    calls = Calls(1)
    periodic = Periodic("test", calls.of("action"), 10**6)
    periodic.start()
    calls.wait()
    periodic.stop()
    assert (calls.names, periodic._thread.is_alive()) == (["action"], False)
