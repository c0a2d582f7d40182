"""PostgreSQL goes away for ten seconds while jobs wait and run, and requests arrive."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from snapotter.postgres.cluster import Cluster
from snapotter.tests.waiting import eventually
from tests.conftest import temporary_data_dir
from tests.database_proxy import DatabaseProxy
from tests.jobs_client import (
    client_of,
    enqueue,
    job_called,
    run_endless,
    run_slow,
    run_small,
    server_in,
    small,
    wait_for,
    wait_for_end,
)
from tests.running import RunningServer
from tests.witness import Witness, checksum

pytestmark = pytest.mark.system

AWAY_SECONDS = 10.0
FILES = 40
VISITORS = 4


@contextmanager
def stopped(database: DatabaseProxy) -> Iterator[None]:
    """PostgreSQL elsewhere, which somebody stops and starts again."""
    database.stop()
    yield
    database.start()


@contextmanager
def not_to_be_started(server: RunningServer) -> Iterator[None]:
    """Our own PostgreSQL dies, and every attempt to start it fails, as on a broken disk."""
    version = Cluster(server.data_dir / "postgres").data / "PG_VERSION"
    aside = version.rename(version.with_name("aside"))
    for process in server.postgres():
        process.kill()
    yield
    aside.rename(version)


@contextmanager
def frozen(server: RunningServer) -> Iterator[None]:
    """It is there and takes connections, but says nothing, as when its disk hangs."""
    processes = server.postgres()
    for process in processes:
        process.suspend()
    yield
    for process in processes:
        process.resume()


def test_an_external_database_that_is_stopped() -> None:
    with temporary_data_dir() as home, temporary_data_dir() as data_dir:
        database = DatabaseProxy(home)
        try:
            outage_loses_nothing(server_in(data_dir, DATABASE_URL=database.url), lambda _: stopped(database))
        finally:
            database.close()


@pytest.mark.parametrize("outage", [not_to_be_started, frozen])
def test_the_embedded_database(data_dir: Path, outage: Callable[[RunningServer], Any]) -> None:
    outage_loses_nothing(server_in(data_dir), outage)


def outage_loses_nothing(server: RunningServer, outage: Callable[[RunningServer], Any]) -> None:
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        client = stack.enter_context(client_of(server))
        witness = Witness(server)
        results = undisturbed_results(client)
        accepted = begin_work(client)
        visitors = stack.enter_context(ThreadPoolExecutor(VISITORS))
        with outage(server):
            visits = [visitors.submit(visit, client, number) for number in range(VISITORS)]
            time.sleep(AWAY_SECONDS)
        eventually(lambda: is_healthy(client), "the server is healthy again")
        answers = [answer for each in visits for answer in each.result()]
        assert_clear(answers)
        accepted |= {name for name, status, _ in answers if name != "health" and status < 300}
        eventually(witness.have_ended, "all have ended")
        assert {name: job_called(client, name)["status"] for name in accepted} == dict.fromkeys(
            accepted, "completed"
        )
        witness.assert_each_ended_once(results)


def undisturbed_results(client: httpx.Client) -> dict[str, str]:
    """The checksum of what each tool makes."""
    found = {}
    for name, tool, run in (("calm small", "resize", run_small), ("calm slow", "compress", run_slow)):
        enqueue(run, client, name)
        (output,) = wait_for_end(client, name)["outputs"]
        found[tool] = checksum(client.get(output["downloadUrl"]).content)
    return found


def begin_work(client: httpx.Client) -> set[str]:
    """Some of it runs and some of it waits."""
    enqueue(run_slow, client, "slow")
    answer = client.post(
        "/api/v1/tools/image/resize/batch",
        files=[("file", (f"{number}.webp", small())) for number in range(FILES)],
        data={"settings": json.dumps({"width": 50}), "clientJobId": "batch"},
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202
    wait_for(client, "slow", "processing")
    return {"slow", "batch"}


def visit(client: httpx.Client, number: int) -> list[tuple[str, int, dict[str, Any]]]:
    """What somebody does meanwhile: look whether it is up, and run something, in either lane."""
    prefer = {"Prefer": "respond-async"} if number % 2 else {}
    found = []
    until = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < until:
        health = client.get("/api/v1/health")
        found.append(("health", health.status_code, health.json()))
        name = f"visit {number} {len(found)}"
        answer = run_small(client, name, **prefer)
        found.append((name, answer.status_code, answer.json()))
        time.sleep(0.5)
    return found


def assert_clear(answers: list[tuple[str, int, dict[str, Any]]]) -> None:
    """Everybody was answered, by what was asked for or by an error that says to try again."""
    told = Counter((status, body.get("code")) for name, status, body in answers if name != "health")
    assert set(told) <= {(200, None), (202, None), (503, "UNAVAILABLE")}, told
    assert {status for name, status, _ in answers if name == "health"} <= {200, 503}


def is_healthy(client: httpx.Client) -> bool:
    return client.get("/api/v1/health").status_code == 200


def test_a_worker_fetches_again_while_a_job_goes_on_that_began_before_and_ends_without_the_database() -> None:
    with temporary_data_dir() as home, temporary_data_dir() as data_dir:
        database = DatabaseProxy(home)
        server = server_in(data_dir, DATABASE_URL=database.url, JOB_LEASE_S="60", WORKERS="0")
        server.start()
        worker = server.popen("worker")
        try:
            with client_of(server) as client:
                enqueue(run_endless, client, "endless")
                wait_for(client, "endless", "processing")
                database.cut()
                time.sleep(3)
                database.open()
                eventually(lambda: is_healthy(client), "the server is healthy again")
                enqueue(run_small, client, "small")
                assert wait_for_end(client, "small")["status"] == "completed"
                assert job_called(client, "endless")["status"] == "processing"
                client.post("/api/v1/jobs/endless/cancel").raise_for_status()
                wait_for_end(client, "endless")
            database.cut()
            worker.terminate()
            assert worker.wait(60) == 0
        finally:
            worker.kill()
            server.stop()
            database.close()
