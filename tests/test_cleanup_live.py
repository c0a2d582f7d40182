"""The cleanup of a running server, and the command beside it."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest

from processing.tests.images import make_image
from snapotter.tests.waiting import eventually
from tests.conftest import sign_in
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system


def run(client: httpx.Client) -> dict[str, str]:
    buffer = io.BytesIO()
    make_image("RGB", (60, 40)).save(buffer, "PNG")
    answer = client.post(
        "/api/v1/tools/image/resize",
        files={"file": ("otter.png", buffer.getvalue())},
        data={"settings": '{"width": 30}'},
    )
    return dict(answer.json())


def test_files_go_by_command_and_by_the_worker_when_it_starts(data_dir: Path) -> None:
    server = RunningServer(data_dir, DEFAULT_PASSWORD=ADMIN_PASSWORD, SKIP_MUST_CHANGE_PASSWORD="true")
    server.start()
    headers = {"Authorization": f"Bearer {sign_in(server)}"}
    client = httpx.Client(base_url=server.url, headers=headers, timeout=60)
    jobs = [run(client) for _ in range(3)]
    places = [data_dir / "workspace" / job["jobId"] for job in jobs]

    server.sql("UPDATE jobs SET delete_after = now() - interval '1 second' WHERE id = %s", jobs[0]["jobId"])
    planned = server.manage("cleanup", "--dry-run")
    assert (planned.returncode, "expired files of jobs" in planned.stdout) == (0, True)
    assert places[0].exists()
    assert server.manage("cleanup").returncode == 0
    assert [place.exists() for place in places] == [False, True, True]

    server.sql("UPDATE jobs SET delete_after = now() - interval '1 second' WHERE id = %s", jobs[1]["jobId"])
    server.stop()
    server.start()
    eventually(lambda: not places[1].exists(), "the worker cleans up as it starts")
    job = client.get(f"/api/v1/jobs/{jobs[1]['jobId']}").json()
    assert (job["status"], job["expired"], job["outputs"]) == ("completed", True, [])
    assert client.get(jobs[2]["downloadUrl"]).status_code == 200
    client.close()
    server.stop()
