"""Bodies that are too large are refused while they come, over a real connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from snapotter.body_limit import FORM_BYTES
from tests.conftest import sign_in, temporary_data_dir
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system

MEGABYTE = 2**20
ORIGIN = "https://app.example.org"


@pytest.fixture(scope="module")
def small() -> Iterator[RunningServer]:
    """A server that takes files of one megabyte."""
    with temporary_data_dir() as path:
        server = RunningServer(
            path,
            DEFAULT_PASSWORD=ADMIN_PASSWORD,
            SKIP_MUST_CHANGE_PASSWORD="true",
            MAX_UPLOAD_SIZE_MB="1",
            CORS_ORIGIN=ORIGIN,
        )
        server.start()
        yield server
        server.stop()


def upload(server: RunningServer, size: int, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{server.url}/api/v1/tools/image/resize", files={"file": ("a.jpg", b"x" * size)}, headers=headers
    )


def test_a_stranger_gets_room_for_a_form_only(small: RunningServer) -> None:
    assert upload(small, FORM_BYTES // 2).status_code == 401
    answer = upload(small, FORM_BYTES + MEGABYTE)
    assert (answer.status_code, answer.json()["code"]) == (413, "UPLOAD_TOO_LARGE")


def test_a_caller_with_credentials_gets_room_for_a_file(small: RunningServer) -> None:
    bearer = {"Authorization": f"Bearer {sign_in(small)}"}
    assert upload(small, MEGABYTE // 2, **bearer).json()["code"] == "UNSUPPORTED_FORMAT"
    assert upload(small, MEGABYTE + 1, **bearer).json()["code"] == "UPLOAD_TOO_LARGE"
    assert upload(small, MEGABYTE + FORM_BYTES + 1, **bearer).status_code == 413


def test_a_body_of_undeclared_length_is_counted(small: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", small.port), timeout=30) as connection:
        connection.sendall(
            b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"%x\r\n" % MEGABYTE + b" " * MEGABYTE + b"\r\n"
        for _ in range(3):
            connection.sendall(chunk)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_page_of_an_allowed_origin_can_read_the_refusal(small: RunningServer) -> None:
    answer = upload(small, FORM_BYTES + MEGABYTE, Origin=ORIGIN)
    assert answer.status_code == 413
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["X-Request-Id"]
