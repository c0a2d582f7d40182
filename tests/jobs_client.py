"""A server that soon notices who is silent, and a client that has jobs run there."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image

from snapotter.tests.waiting import eventually
from tests.conftest import sign_in
from tests.running import ADMIN_PASSWORD, RunningServer

QUEUED: Final = {"Prefer": "respond-async"}
LEASE_SECONDS: Final = "2"
ENDS: Final = ("completed", "failed", "canceled")


def server_in(data_dir: Path, **environment: str) -> RunningServer:
    """One web process and one worker."""
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


@contextmanager
def client_of(server: RunningServer) -> Iterator[httpx.Client]:
    """Each run is recorded."""
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


def wait_for(client: httpx.Client, name: str, *statuses: str) -> dict[str, Any]:
    eventually(lambda: job_called(client, name)["status"] in statuses, f"{name} is {' or '.join(statuses)}")
    return job_called(client, name)


def wait_for_end(client: httpx.Client, name: str) -> dict[str, Any]:
    return wait_for(client, name, *ENDS)


def recorded(client: httpx.Client) -> Counter[str]:
    """How often each run is in the audit log."""
    found: Counter[str] = Counter()
    page = 1
    while entries := client.get(
        "/api/v1/audit-log", params={"action": "TOOL_EXECUTED", "limit": 100, "page": page}
    ).json()["entries"]:
        found.update(entry["details"]["jobId"] for entry in entries)
        page += 1
    return found
