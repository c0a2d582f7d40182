"""Whatever is killed while jobs wait or run: every accepted job ends exactly once, with a whole result."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image

from snapotter.tests.waiting import eventually
from tests.conftest import temporary_data_dir
from tests.database_proxy import DatabaseProxy
from tests.jobs_client import (
    client_of,
    enqueue,
    job_called,
    recorded,
    run_slow,
    run_small,
    server_in,
    wait_for,
    wait_for_end,
)
from tests.processes import busy_child, wait_until_ended, web_process_of, worker_of
from tests.running import RunningServer
from tests.witness import Witness

pytestmark = pytest.mark.system


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    running = server_in(data_dir)
    running.start()
    yield running
    running.stop()


def assert_completed_once(client: httpx.Client, *names: str) -> None:
    """Completed, with a result that is whole, and recorded one time."""
    for name in names:
        job = wait_for_end(client, name)
        assert job["status"] == "completed", job
        (output,) = job["outputs"]
        content = client.get(output["downloadUrl"]).content
        assert len(content) == output["size"]
        Image.open(io.BytesIO(content)).load()
        assert recorded(client)[job["id"]] == 1
    assert client.get("/api/v1/jobs", params={"status": "processing"}).json()["total"] == 0


def test_a_killed_worker_loses_no_job(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "first")
        enqueue(run_small, client, "second")
        wait_for(client, "first", "processing")
        worker = worker_of(server)
        children = worker.children(recursive=True)
        worker.send_signal(signal.SIGKILL)
        assert_completed_once(client, "first", "second")
        wait_until_ended(children)


def test_a_file_that_kills_its_worker_is_tried_three_times_and_stops_nobody(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "deadly")
        starts: set[str | None] = {None}
        for _ in range(3):
            eventually(lambda: started(client, "deadly") not in starts, "it is tried again")
            starts.add(started(client, "deadly"))
            worker_of(server).send_signal(signal.SIGKILL)
        job = wait_for_end(client, "deadly")
        assert (job["status"], job["errorCode"], job["outputs"]) == ("failed", "crashed", [])
        enqueue(run_small, client, "harmless")
        assert_completed_once(client, "harmless")


def started(client: httpx.Client, name: str) -> str | None:
    """When the attempt began that runs; None while there is none."""
    job = job_called(client, name)
    return job["startedAt"] if job["status"] == "processing" else None


def test_a_killed_web_process_loses_no_accepted_job(server: RunningServer) -> None:
    with client_of(server) as client, ThreadPoolExecutor(1) as executor:
        answer = executor.submit(run_slow, client, "mine")
        with client_of(server) as other:
            wait_for(other, "mine", "processing")
        web_process_of(server).send_signal(signal.SIGKILL)
        assert isinstance(answer.exception(), httpx.TransportError)
    server.wait_until_ready()
    with client_of(server) as client:
        assert_completed_once(client, "mine")


def test_a_restart_carries_on_with_what_waited_and_what_ran(data_dir: Path) -> None:
    waiting = [f"job {number}" for number in range(5)]
    server = server_in(data_dir, CONCURRENT_JOBS="1")
    server.start()
    try:
        with client_of(server) as client:
            enqueue(run_slow, client, "running")
            enqueue(run_small, client, *waiting)
            wait_for(client, "running", "processing")
        processes = server.descendants()
        server.stop()
        wait_until_ended(processes)
        server.start()
        with client_of(server) as client:
            assert_completed_once(client, "running", *waiting)
    finally:
        server.stop()


def test_a_worker_with_many_jobs_under_way_hands_all_back(data_dir: Path) -> None:
    """More than an event loop has threads on two cores, if nobody asks for more."""
    names = [f"job {number}" for number in range(8)]
    server = server_in(data_dir, CONCURRENT_JOBS="8", JOB_LEASE_S="600")
    server.start()
    try:
        witness = Witness(server)
        with client_of(server) as client:
            enqueue(run_slow, client, *names)
            eventually(
                lambda: [job.status for job in witness.jobs()] == ["processing"] * 8, "all are under way"
            )
        server.terminate()
        server.start()
        handed_back = [job for job in witness.jobs() if job.history[:3] == ["queued", "processing", "queued"]]
        assert len(handed_back) == 8
        with client_of(server) as client:
            for name in names:
                client.post(f"/api/v1/jobs/{name}/cancel").raise_for_status()
        eventually(witness.have_ended, "all have ended")
    finally:
        server.stop()


def test_a_restart_carries_on_with_what_a_request_waited_for(data_dir: Path) -> None:
    server = server_in(data_dir)
    server.start()
    try:
        with client_of(server) as client, ThreadPoolExecutor(1) as executor:
            executor.submit(run_slow, client, "mine")
            with client_of(server) as other:
                wait_for(other, "mine", "processing")
            server.stop()
        server.start()
        with client_of(server) as client:
            assert_completed_once(client, "mine")
    finally:
        server.stop()


def test_a_canceled_job_is_gone_from_the_worker_with_all_it_made(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "unwanted")
        wait_for(client, "unwanted", "processing")
        child = busy_child(server)
        assert client.post("/api/v1/jobs/unwanted/cancel").json() == {"canceled": True}
        job = wait_for_end(client, "unwanted")
        assert (job["status"], job["outputs"]) == ("canceled", [])
        assert job["durationMs"] is not None
        wait_until_ended([child])
        kept = server.data_dir.glob(f"workspace/{job['id']}/*")
        assert [path.name for path in kept] == ["input"]  # to be run again
        assert not list(server.data_dir.glob("workspace/scratch/*"))


def test_killed_postgresql_loses_no_job(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "first")
        enqueue(run_small, client, "second")
        wait_for(client, "first", "processing")
        for process in server.postgres():
            process.kill()
        eventually(lambda: client.get("/api/v1/jobs").status_code == 200, "the database is back")
        assert_completed_once(client, "first", "second")


def test_a_database_that_is_away_for_a_while_loses_no_job() -> None:
    """Longer than the lease: some results come too late, and are made again."""
    with temporary_data_dir() as home, temporary_data_dir() as data_dir:
        database = DatabaseProxy(home)
        server = server_in(data_dir, DATABASE_URL=database.url, CONCURRENT_JOBS="1")
        server.start()
        try:
            with client_of(server) as client:
                enqueue(run_slow, client, "running")
                enqueue(run_small, client, "waiting")
                wait_for(client, "running", "processing")
                database.cut()
                eventually(database.has_job_past_its_lease, "the lease is over")
                database.open()
                eventually(lambda: client.get("/api/v1/jobs").status_code == 200, "the database is back")
                assert_completed_once(client, "running", "waiting")
        finally:
            server.stop()
            database.close()
