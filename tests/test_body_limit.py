"""Bodies that are too large are refused while they come, over a real connection."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from snapotter.body_limit import FORM_BYTES, LINGER_BYTES
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


def test_a_stranger_hears_to_sign_in_whatever_the_size(small: RunningServer) -> None:
    for size in (FORM_BYTES // 2, FORM_BYTES + MEGABYTE):
        answer = upload(small, size)
        assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_REQUIRED")


def test_where_strangers_are_answered_they_get_room_for_a_form(small: RunningServer) -> None:
    answer = httpx.post(f"{small.url}/api/auth/login", content=b" " * (FORM_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "UPLOAD_TOO_LARGE")


BATCH = "/api/v1/tools/image/resize/batch"


def begin(server: RunningServer, *headers: str, length: int = 50 * MEGABYTE) -> socket.socket:
    """A request for a batch whose body is announced and does not come."""
    head = [f"POST {BATCH} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *headers, "", ""]
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall("\r\n".join(head).encode())
    return connection


@pytest.mark.parametrize(
    "header", ["Authorization: Bearer made-up", f"Authorization: Bearer si_{'0' * 96}", "Cookie: {cookie}=x"]
)
@pytest.mark.parametrize("expect", [[], ["Expect: 100-continue"]], ids=["", "expect"])
def test_made_up_credentials_are_refused_before_the_body_comes(
    small: RunningServer, header: str, expect: list[str]
) -> None:
    header = header.format(cookie="snapotter-session")
    with begin(small, header, *expect) as connection:
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in answer.lower()


def test_good_credentials_are_told_to_go_on(small: RunningServer) -> None:
    with begin(small, f"Authorization: Bearer {sign_in(small)}", "Expect: 100-continue") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("options", [[], ["--header", "Expect:"], ["--header", "Transfer-Encoding: chunked"]])
def test_curl_shows_the_refusal_of_what_it_sends(
    small: RunningServer, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x" * (LINGER_BYTES // 4))
    request = ["-F", f"file=@{tmp_path}/a.jpg", "-H", "Authorization: Bearer x", small.url + BATCH]
    done = subprocess.run(["curl", "-sS", *options, *request], capture_output=True, check=False)
    assert b"AUTH_REQUIRED" in done.stdout, done


def test_a_body_of_undeclared_length_needs_good_credentials_too(small: RunningServer) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * MEGABYTE

    for token, code in (("x", "AUTH_REQUIRED"), (sign_in(small), "UPLOAD_TOO_LARGE")):
        answer = httpx.post(
            f"{small.url}/api/v1/tools/image/resize",
            content=parts(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=x"},
        )
        assert answer.json()["code"] == code


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
    bearer = {"Authorization": f"Bearer {sign_in(small)}"}
    answer = upload(small, FORM_BYTES + MEGABYTE, Origin=ORIGIN, **bearer)
    assert answer.status_code == 413
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["X-Request-Id"]


def test_where_nobody_signs_in_everybody_gets_room_for_a_photo() -> None:
    with temporary_data_dir() as path:
        server = RunningServer(path, AUTH_ENABLED="false")
        server.start()
        try:
            answer = upload(server, FORM_BYTES + MEGABYTE)
        finally:
            server.stop()
    assert answer.json()["code"] == "UNSUPPORTED_FORMAT"
