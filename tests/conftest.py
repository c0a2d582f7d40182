"""Fixtures of the tests that cross apps: a real server and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from tests.browsing import signed_in_state
from tests.require_chromium import find_chromium
from tests.running import ADMIN_PASSWORD, RunningServer

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@contextmanager
def temporary_data_dir() -> Iterator[Path]:
    """Not below pytest's own directory: each pytest that starts closes that to other users, and PostgreSQL,
    when root starts it, runs as one."""
    with TemporaryDirectory(prefix="snapotter-system-") as directory:
        yield Path(directory) / "data"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with temporary_data_dir() as path:
        yield path


@contextmanager
def _shared_server(**environment: str) -> Iterator[RunningServer]:
    """Its admin need not change the password first, and may sign in and ask as often as the tests do, all
    from one address."""
    with temporary_data_dir() as path:
        running = RunningServer(
            path,
            DEFAULT_PASSWORD=ADMIN_PASSWORD,
            SKIP_MUST_CHANGE_PASSWORD="true",
            LOGIN_ATTEMPT_LIMIT="0",
            RATE_LIMIT_PER_MIN="0",
            **environment,
        )
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """One server for all tests that only use it."""
    with _shared_server() as running:
        yield running


@pytest.fixture(scope="session")
def idle_server() -> Iterator[RunningServer]:
    """A server where nothing takes a job off the queue: what becomes of one, the test says."""
    with _shared_server(WORKERS="0") as running:
        yield running


@pytest.fixture
def fresh_server(data_dir: Path) -> Iterator[RunningServer]:
    """A server as a newcomer starts it: empty data directory, default settings."""
    running = RunningServer(data_dir)
    running.start()
    yield running
    running.stop()


def sign_in(server: RunningServer, username: str = "admin", password: str = ADMIN_PASSWORD) -> str:
    """A session token from the API."""
    answer = httpx.post(f"{server.url}/api/auth/login", json={"username": username, "password": password})
    answer.raise_for_status()
    return str(answer.json()["token"])


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    """An HTTP client with the admin's session token."""
    headers = {"Authorization": f"Bearer {sign_in(server)}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.fail("no Chromium: run `python tests/require_chromium.py`, it says what to install")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def state(browser: Browser, server: RunningServer) -> StorageState:
    """The cookies of one sign-in of the administrator, which is slow on purpose."""
    return signed_in_state(browser, server)


@pytest.fixture
def context(browser: Browser, server: RunningServer) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
