"""A change of settings reaches every web process of a real server, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from snapotter.tests.listening import CUT_OFF, LISTENING
from snapotter.tests.waiting import eventually
from tests.running import RunningServer

pytestmark = pytest.mark.system

RENAME = """
    INSERT INTO settings (key, value) VALUES ('appName', %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    running = RunningServer(data_dir, WEB_WORKERS="2", WORKERS="0")  # a worker listens too
    running.start()
    yield running
    running.stop()


def called_by_all(server: RunningServer, name: str) -> bool:
    """Twenty new connections, so that each web process answers some."""
    return all(name in httpx.get(f"{server.url}/login", timeout=10).text for _ in range(20))


def test_psql_changes_a_setting_under_a_running_server(server: RunningServer) -> None:
    eventually(lambda: server.sql(*LISTENING) == 2, "both web processes listen")
    server.sql(RENAME, "Holt")
    eventually(lambda: called_by_all(server, "Holt"), "all web processes have the new name")

    assert server.sql(*CUT_OFF) == 2
    server.sql(RENAME, "Drey")
    eventually(lambda: called_by_all(server, "Drey"), "the gap was read over")
    eventually(lambda: server.sql(*LISTENING) == 2, "both listen again")
