"""The command that operators type: start, main job over HTTP, Ctrl-C, start again."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.processes import wait_until_ended
from tests.running import RunningServer

pytestmark = pytest.mark.system

PASSWORD = "Otter-9-swims"


def photo(width: int = 6000, height: int = 4000) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def login(server: RunningServer, password: str) -> httpx.Client:
    answer = httpx.post(f"{server.url}/api/auth/login", json={"username": "admin", "password": password})
    answer.raise_for_status()
    return signed_in(server, answer.json()["token"])


def signed_in(server: RunningServer, credential: str) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {credential}"}, timeout=60)


def resize(client: httpx.Client, content: bytes) -> httpx.Response:
    return client.post(
        "/api/v1/tools/image/resize",
        files={"file": ("photo.jpg", content)},
        data={"settings": '{"width": 1200, "fit": "inside"}'},
    )


def test_a_newcomer_signs_in_changes_the_password_and_resizes_a_photo(fresh_server: RunningServer) -> None:
    with login(fresh_server, "admin") as client:
        refused = resize(client, photo(60, 40))
        assert (refused.status_code, refused.json()["code"]) == (403, "MUST_CHANGE_PASSWORD")
        change = {"currentPassword": "admin", "newPassword": PASSWORD}
        assert client.post("/api/auth/change-password", json=change).json() == {"ok": True}
        answer = resize(client, photo())
    assert answer.status_code == 200
    content = httpx.get(fresh_server.url + answer.json()["downloadUrl"]).content
    assert Image.open(io.BytesIO(content)).size == (1200, 800)


def test_an_api_key_does_the_same_job(fresh_server: RunningServer) -> None:
    with login(fresh_server, "admin") as client:
        client.post("/api/auth/change-password", json={"currentPassword": "admin", "newPassword": PASSWORD})
        key = client.post("/api/v1/api-keys", json={"name": "night", "permissions": ["tools:use"]}).json()
        with signed_in(fresh_server, key["key"]) as script:
            assert resize(script, photo(600, 400)).status_code == 200
            client.delete(f"/api/v1/api-keys/{key['id']}").raise_for_status()
            assert resize(script, photo(600, 400)).status_code == 401


def test_ctrl_c_ends_every_process_and_a_second_start_goes_on(data_dir: Path) -> None:
    server = RunningServer(data_dir, SKIP_MUST_CHANGE_PASSWORD="true")
    server.start()
    with login(server, "admin") as client:
        resize(client, photo(600, 400)).raise_for_status()
    processes = server.descendants()
    assert any("postgres" in process.name() for process in processes)
    server.stop()
    assert server.process is not None
    assert server.process.returncode == 0
    wait_until_ended(processes)
    assert server.postgres() == []

    server.start()
    try:
        with login(server, "admin") as client:
            assert client.get("/api/v1/jobs").json()["total"] == 1
    finally:
        server.stop()


def test_sigterm_ends_every_process_too(data_dir: Path) -> None:
    server = RunningServer(data_dir)
    server.start()
    processes = server.descendants()
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)
    wait_until_ended(processes)
    assert server.postgres() == []


def test_two_servers_may_start_on_one_empty_directory(data_dir: Path) -> None:
    servers = [RunningServer(data_dir) for _ in range(2)]
    for server in servers:
        server.launch()
    try:
        for server in servers:
            server.wait_until_ready()
            login(server, "admin").close()
    finally:
        for server in servers:
            server.stop()
    assert servers[0].postgres() == []


def test_a_port_in_use_is_said_in_one_line(fresh_server: RunningServer, data_dir: Path) -> None:
    second = RunningServer(data_dir.with_name("other"), PORT=str(fresh_server.port))
    second.launch()
    assert second.process is not None
    assert second.process.wait(60) != 0
    lines = second.log.read_text().strip().splitlines()
    assert "Traceback" not in second.log.read_text()
    assert f"cannot listen on 127.0.0.1:{fresh_server.port}" in lines[-1]
    assert second.postgres() == []
