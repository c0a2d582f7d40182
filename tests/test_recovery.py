"""Whatever is killed while jobs wait or run: every accepted job ends exactly once, with a whole result."""

from __future__ import annotations

import io
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from processing.worker import NICE
from tests.conftest import sign_in, temporary_data_dir
from tests.database_proxy import DatabaseProxy
from tests.running import ADMIN_PASSWORD, RunningServer
from tests.test_serve import ended
from tests.witness import Witness

pytestmark = pytest.mark.system

PATIENCE_SECONDS = 240.0
QUEUED = {"Prefer": "respond-async"}
LEASE_SECONDS = "2"


def server_in(data_dir: Path, **environment: str) -> RunningServer:
    """One web process and one worker, whose silence is soon noticed. Each run is recorded."""
    return RunningServer(
        data_dir,
        **{
            "DEFAULT_PASSWORD": ADMIN_PASSWORD,
            "SKIP_MUST_CHANGE_PASSWORD": "true",
            "LOGIN_ATTEMPT_LIMIT": "0",
            "RATE_LIMIT_PER_MIN": "0",
            "WEB_WORKERS": "1",
            "CONCURRENT_JOBS": "2",
            "JOB_LEASE_S": LEASE_SECONDS,
            **environment,
        },
    )


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    running = server_in(data_dir)
    running.start()
    yield running
    running.stop()


@contextmanager
def client_of(server: RunningServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sign_in(server)}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        client.put("/api/v1/settings", json={"auditToolOperations": True}).raise_for_status()
        yield client


@cache
def noise(side: int = 2000) -> bytes:
    """Compressing it takes some seconds: a search for a size that only a low quality reaches."""
    buffer = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(buffer, "WEBP", quality=80, method=0)
    return buffer.getvalue()


@cache
def small() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def run_slow(client: httpx.Client, name: str, **headers: str) -> httpx.Response:
    settings = {"mode": "targetSize", "targetSizeKb": 1000}
    return _run(client, "compress", settings, noise(), name, headers)


def run_endless(client: httpx.Client, name: str, **headers: str) -> httpx.Response:
    """It takes minutes."""
    settings = {"mode": "targetSize", "targetSizeKb": 1}
    return _run(client, "compress", settings, noise(6000), name, headers)


def run_small(client: httpx.Client, name: str, **headers: str) -> httpx.Response:
    return _run(client, "resize", {"width": 50}, small(), name, headers)


def _run(
    client: httpx.Client,
    tool: str,
    settings: dict[str, Any],
    content: bytes,
    name: str,
    headers: dict[str, str],
) -> httpx.Response:
    form = {"settings": json.dumps(settings), "clientJobId": name}
    return client.post(
        f"/api/v1/tools/image/{tool}", files={"file": ("a.webp", content)}, data=form, headers=headers
    )


def enqueue(run: Callable[..., httpx.Response], client: httpx.Client, *names: str) -> None:
    for name in names:
        assert run(client, name, **QUEUED).status_code == 202


def job_called(client: httpx.Client, name: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/jobs/{name}")
    return dict(answer.json()) if answer.status_code == 200 else {"status": "unknown"}


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def wait_for(client: httpx.Client, name: str, *statuses: str) -> dict[str, Any]:
    wait_until(lambda: job_called(client, name)["status"] in statuses)
    return job_called(client, name)


def wait_for_end(client: httpx.Client, name: str) -> dict[str, Any]:
    return wait_for(client, name, "completed", "failed", "canceled")


def assert_completed_once(client: httpx.Client, *names: str) -> None:
    """Completed, with a result that is whole, and recorded one time."""
    for name in names:
        job = wait_for_end(client, name)
        assert job["status"] == "completed", job
        (output,) = job["outputs"]
        content = client.get(output["downloadUrl"]).content
        assert len(content) == output["size"]
        Image.open(io.BytesIO(content)).load()
        assert recorded(client).count(job["id"]) == 1
    assert client.get("/api/v1/jobs", params={"status": "processing"}).json()["total"] == 0


def recorded(client: httpx.Client) -> list[str]:
    entries = client.get("/api/v1/audit-log", params={"action": "TOOL_EXECUTED", "limit": 100}).json()
    return [entry["details"]["jobId"] for entry in entries["entries"]]


def worker_of(server: RunningServer) -> psutil.Process:
    """Its children are nice, those of the web process are not."""
    assert server.process is not None
    found: list[psutil.Process] = []

    def is_there() -> bool:
        found[:] = [process for process in psutil.Process(pid).children() if _has_child(process, NICE)]
        return len(found) == 1

    pid = server.process.pid
    wait_until(is_there)
    return found[0]


def web_process_of(server: RunningServer) -> psutil.Process:
    """Its children are there from the start."""
    assert server.process is not None
    (web,) = [process for process in psutil.Process(server.process.pid).children() if _has_child(process, 0)]
    return web


def _has_child(process: psutil.Process, nice: int) -> bool:
    try:
        return any(child.nice() == nice for child in process.children())
    except psutil.NoSuchProcess:
        return False


def test_a_killed_worker_loses_no_job(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "first")
        enqueue(run_small, client, "second")
        wait_for(client, "first", "processing")
        worker = worker_of(server)
        children = worker.children(recursive=True)
        worker.send_signal(signal.SIGKILL)
        assert_completed_once(client, "first", "second")
        assert ended(children)


def test_a_file_that_kills_its_worker_is_tried_three_times_and_stops_nobody(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "deadly")
        starts: set[str | None] = {None}
        for _ in range(3):
            wait_until(lambda: started(client, "deadly") not in starts)
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
        assert ended(processes)
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
            wait_until(lambda: [job.status for job in witness.jobs()] == ["processing"] * 8)
        server.terminate()
        server.start()
        handed_back = [job for job in witness.jobs() if job.history[:3] == ["queued", "processing", "queued"]]
        assert len(handed_back) == 8
        with client_of(server) as client:
            for name in names:
                client.post(f"/api/v1/jobs/{name}/cancel").raise_for_status()
        wait_until(witness.have_ended)
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


def test_a_canceled_job_ends_within_half_a_second_in_the_worker(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "unwanted")
        wait_for(client, "unwanted", "processing")
        busy = {child.pid for child in worker_of(server).children(recursive=True)}
        assert client.post("/api/v1/jobs/unwanted/cancel").json() == {"canceled": True}
        job = wait_for_end(client, "unwanted")
        assert (job["status"], job["outputs"]) == ("canceled", [])
        assert job["durationMs"] is not None
        wait_until(lambda: busy != {child.pid for child in worker_of(server).children(recursive=True)})
        assert not list(server.data_dir.glob(f"workspace/{job['id']}"))
        assert not list(server.data_dir.glob("workspace/scratch/*"))


def test_killed_postgresql_loses_no_job(server: RunningServer) -> None:
    with client_of(server) as client:
        enqueue(run_slow, client, "first")
        enqueue(run_small, client, "second")
        wait_for(client, "first", "processing")
        for process in server.postgres():
            process.kill()
        wait_until(lambda: client.get("/api/v1/jobs").status_code == 200)
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
                time.sleep(3)
                database.open()
                wait_until(lambda: client.get("/api/v1/jobs").status_code == 200)
                assert_completed_once(client, "running", "waiting")
        finally:
            server.stop()
            database.close()
