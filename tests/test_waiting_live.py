"""Requests that wait for a worker, more than a web process has threads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from processing.waiting import MOST_OF_A_USER
from snapotter.tests.waiting import eventually
from tests.conftest import sign_in
from tests.jobs_client import client_of, server_in, small
from tests.running import RunningServer

pytestmark = pytest.mark.system

REQUESTS = settings.REQUEST_THREADS + 12
WAITS = MOST_OF_A_USER


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    """One web process, whose requests wait for workers that are not there for ten minutes."""
    running = server_in(data_dir, WORKERS="0", SYNC_WAIT_MS="600000")
    running.start()
    yield running
    running.stop()


def run_in_queue(client: httpx.Client, number: int) -> httpx.Response:
    enlarged = {"width": 6000, "height": 6000, "fit": "fill"}
    form = {"settings": json.dumps(enlarged), "clientJobId": f"run-{number}"}
    return client.post("/api/v1/tools/image/resize", files={"file": ("a.jpg", small())}, data=form)


def ended(requests: list[Future[httpx.Response]]) -> list[httpx.Response]:
    return [request.result() for request in requests if request.done()]


def test_they_leave_threads_to_all_others(server: RunningServer) -> None:
    threads = ThreadPoolExecutor(REQUESTS)
    with client_of(server) as client, many_at_once(client) as busy:
        requests = [threads.submit(run_in_queue, busy, number) for number in range(REQUESTS)]
        eventually(lambda: len(ended(requests)) == REQUESTS - WAITS, "all but those that wait are answered")
        assert {answer.status_code for answer in ended(requests)} == {202}
        assert sign_in(server)
        for number in range(REQUESTS):
            client.post(f"/api/v1/jobs/run-{number}/cancel").raise_for_status()
        eventually(lambda: len(ended(requests)) == REQUESTS, "those that waited are answered too")
    assert Counter(answer.status_code for answer in ended(requests)) == {202: REQUESTS - WAITS, 422: WAITS}


def many_at_once(client: httpx.Client) -> httpx.Client:
    return httpx.Client(
        base_url=client.base_url,
        headers=client.headers,
        timeout=600,
        limits=httpx.Limits(max_connections=None),
    )
