"""The audit log of a running server: exported over HTTP, tampered with in psql, verified from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from audit import chain
from tests.conftest import sign_in
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system

FILL = """
    INSERT INTO audit_log (id, action, actor_username, details)
    SELECT gen_random_uuid(), 'TOOL_EXECUTED', 'alice', jsonb_build_object('text', repeat('ö', 200))
    FROM generate_series(1, 10000)
"""
LOG = "/api/v1/audit-log"


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    running = RunningServer(data_dir, DEFAULT_PASSWORD=ADMIN_PASSWORD, SKIP_MUST_CHANGE_PASSWORD="true")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def auditor(server: RunningServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sign_in(server)}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


def export(auditor: httpx.Client, path: Path) -> Path:
    with auditor.stream("GET", f"{LOG}/export") as answer, path.open("wb") as file:
        for piece in answer.iter_raw():
            file.write(piece)
    assert path.stat().st_size == int(answer.headers["Content-Length"])
    return path


def verify(path: Path) -> int:
    return subprocess.run([sys.executable, "-I", chain.__file__, str(path)], capture_output=True).returncode


def test_a_large_export_is_streamed_and_verifies(
    server: RunningServer, auditor: httpx.Client, tmp_path: Path
) -> None:
    server.sql(FILL)
    path = export(auditor, tmp_path / "log.jsonl")
    assert path.stat().st_size > 4 * 2**20
    assert verify(path) == 0
    with auditor.stream("GET", f"{LOG}/export", params={"format": "csv"}) as answer:
        next(answer.iter_raw())  # and leaves
    assert auditor.get(LOG, params={"action": "AUDIT_EXPORTED"}).json()["total"] == 2
    assert server.manage("audit_verify").returncode == 0


def test_what_the_owner_does_without_triggers_is_found(
    server: RunningServer, auditor: httpx.Client, tmp_path: Path
) -> None:
    before = export(auditor, tmp_path / "before.jsonl")
    server.sql("ALTER TABLE audit_log DISABLE TRIGGER USER")
    assert server.sql("DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)") == 1
    server.sql("ALTER TABLE audit_log ENABLE TRIGGER USER")
    assert server.manage("audit_verify").returncode == 1
    assert server.manage("audit_verify", "--against", str(before)).returncode == 1
    assert verify(export(auditor, tmp_path / "after.jsonl")) == 1
