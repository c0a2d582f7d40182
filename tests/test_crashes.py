"""A child that dies, takes too much memory or too long fails its own job, and the next request works."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.conftest import sign_in, temporary_data_dir
from tests.jobs_client import wait_for_end
from tests.processes import busy_child
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def tight() -> Iterator[RunningServer]:
    """A server whose runs get little time and memory."""
    with temporary_data_dir() as path:
        server = RunningServer(
            path,
            DEFAULT_PASSWORD=ADMIN_PASSWORD,
            SKIP_MUST_CHANGE_PASSWORD="true",
            PROCESSING_TIMEOUT_S="2",
            PROCESSING_MEMORY_MB="300",
            WEB_WORKERS="1",
            CONCURRENT_JOBS="1",
        )
        server.start()
        yield server
        server.stop()


@pytest.fixture
def tight_client(tight: RunningServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sign_in(tight)}"}
    with httpx.Client(base_url=tight.url, headers=headers, timeout=60) as client:
        yield client


def picture(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def run(client: httpx.Client, tool: str, settings: str, content: bytes) -> httpx.Response:
    return client.post(
        f"/api/v1/tools/image/{tool}", files={"file": ("a.jpg", content)}, data={"settings": settings}
    )


def works(client: httpx.Client) -> bool:
    return run(client, "resize", '{"width": 30}', picture(60, 40)).status_code == 200


def failed_alone(client: httpx.Client, answer: httpx.Response, code: str) -> bool:
    """The answer and the job's row say the same, no result is stored, and the next request works."""
    job = client.get("/api/v1/jobs").json()["jobs"][0]
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (job["status"], job["errorCode"]) == ("failed", code)
    assert job["outputs"] == []
    return works(client)


def test_too_much_memory(tight_client: httpx.Client) -> None:
    answer = run(tight_client, "rotate", '{"angle": 13}', picture(9000, 9000))
    assert failed_alone(tight_client, answer, "out_of_memory")


def test_too_much_time(tight_client: httpx.Client) -> None:
    answer = slow_run(tight_client)
    assert failed_alone(tight_client, answer, "timeout")


def slow_run(client: httpx.Client) -> httpx.Response:
    """Longer than the two seconds it gets: a search for an unreachable size, eight encodes."""
    noise = io.BytesIO()
    Image.effect_noise((2600, 2600), 90).convert("RGB").save(noise, "WEBP", quality=80, method=0)
    return run(client, "compress", '{"mode": "targetSize", "targetSizeKb": 5}', noise.getvalue())


def test_a_killed_child(tight: RunningServer, tight_client: httpx.Client) -> None:
    with ThreadPoolExecutor(1) as executor:
        answer = executor.submit(slow_run, tight_client)
        busy_child(tight).kill()
    assert failed_alone(tight_client, answer.result(), "crashed")


def test_work_goes_on_after_the_answer(data_dir: Path) -> None:
    """With no time to wait the answer is 202, and the job is completed all the same."""
    server = RunningServer(
        data_dir, DEFAULT_PASSWORD=ADMIN_PASSWORD, SKIP_MUST_CHANGE_PASSWORD="true", SYNC_WAIT_MS="0"
    )
    server.start()
    try:
        headers = {"Authorization": f"Bearer {sign_in(server)}"}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            answer = run(client, "resize", '{"width": 3000}', picture(6000, 4000))
            assert (answer.status_code, answer.json()["async"]) == (202, True)
            job = wait_for_end(client, answer.json()["jobId"])
        assert job["status"] == "completed"
        assert httpx.get(server.url + job["outputs"][0]["downloadUrl"]).status_code == 200
    finally:
        server.stop()
