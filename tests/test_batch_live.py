"""Batches on a real server whose processes are killed: every file ends exactly once, and nobody waits for a
whole batch."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from snapotter.tests.waiting import eventually
from tests.jobs_client import (
    client_of,
    enqueue,
    job_called,
    recorded,
    run_small,
    server_in,
    small,
    wait_for_end,
)
from tests.processes import worker_of
from tests.running import RunningServer
from tests.witness import Witness, checksum

pytestmark = pytest.mark.system

NAME = "many"


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    running = server_in(data_dir, CONCURRENT_JOBS="1", WEB_WORKERS="2", SYNC_WAIT_MS="60000")
    running.start()
    yield running
    running.stop()


def post_batch(client: httpx.Client, count: int, **headers: str) -> httpx.Response:
    return client.post(
        "/api/v1/tools/image/resize/batch",
        files=[("file", (f"{number:03}.jpg", small())) for number in range(count)],
        data={"settings": json.dumps({"width": 50}), "clientJobId": NAME},
        headers=headers,
    )


def begin(client: httpx.Client, count: int) -> None:
    assert post_batch(client, count, Prefer="respond-async").status_code == 202


def wait_for_files(client: httpx.Client, count: int) -> None:
    """Until so many files have ended."""
    eventually(
        lambda: job_called(client, NAME)["batch"]["completedFiles"] >= count, f"{count} files have ended"
    )


def files_of(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    pages = range(1, -(-count // 100) + 1)
    answers = [client.get(f"/api/v1/jobs/{NAME}", params={"page": page, "limit": 100}) for page in pages]
    return [file for answer in answers for file in answer.json()["batch"]["files"]]


def assert_completed_once(client: httpx.Client, count: int) -> None:
    batch = wait_for_end(client, NAME)
    assert (batch["status"], batch["batch"]["completedFiles"], batch["batch"]["failedFiles"]) == (
        "completed",
        count,
        0,
    )
    (output,) = batch["outputs"]
    content = client.get(output["downloadUrl"]).content
    assert len(content) == output["size"]
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.namelist() == [f"{number:03}_resize.jpg" for number in range(count)]
    assert archive.testzip() is None
    for name in archive.namelist():
        Image.open(archive.open(name)).load()
    members = {file["jobId"] for file in files_of(client, count)}
    assert len(members) == count
    assert [times for job_id, times in recorded(client).items() if job_id in members] == [1] * count


def test_a_killed_worker_loses_no_file(server: RunningServer) -> None:
    with client_of(server) as client:
        begin(client, 30)
        for done in (3, 12):
            wait_for_files(client, done)
            worker_of(server).send_signal(signal.SIGKILL)
        assert_completed_once(client, 30)


@pytest.mark.parametrize("end", [RunningServer.terminate, RunningServer.kill])
def test_a_restart_of_everything_loses_no_file(
    server: RunningServer, end: Callable[[RunningServer], None]
) -> None:
    witness = Witness(server)
    with client_of(server) as client:
        results = undisturbed_result(client)
        begin(client, 200)
        wait_for_files(client, 20)
    end(server)
    assert server.descendants() == []
    server.start()
    with client_of(server) as client:
        assert_completed_once(client, 200)
    witness.assert_each_ended_once(results)


def undisturbed_result(client: httpx.Client) -> dict[str, str]:
    """The checksum of what the tool makes."""
    enqueue(run_small, client, "calm")
    (output,) = wait_for_end(client, "calm")["outputs"]
    return {"resize": checksum(client.get(output["downloadUrl"]).content)}


def test_a_single_job_waits_for_one_file_of_a_batch_at_most(server: RunningServer) -> None:
    with client_of(server) as client:
        begin(client, 100)
        wait_for_files(client, 3)
        enqueue(run_small, client, "single")
        single = wait_for_end(client, "single")
        assert job_called(client, NAME)["status"] == "processing"
        wait_for_end(client, NAME)
        jobs = [client.get(f"/api/v1/jobs/{file['jobId']}").json() for file in files_of(client, 100)]
        ahead = [job for job in jobs if single["createdAt"] < job["startedAt"] < single["startedAt"]]
        assert len(ahead) <= 1


def test_a_client_that_waits_gets_the_zip(server: RunningServer) -> None:
    with client_of(server) as client:
        answer = post_batch(client, 5)
        assert answer.headers["Content-Type"] == "application/zip"
        assert len(answer.content) == int(answer.headers["Content-Length"])
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
