"""The ZIP of a batch from a real server, in parts, by several at once and by whoever goes."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import temporary_data_dir
from tests.jobs_client import client_of, noise, server_in, small, wait_for_end
from tests.running import RunningServer

pytestmark = pytest.mark.system

FILES = 8


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with temporary_data_dir() as path:
        running = server_in(path)
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def address(server: RunningServer) -> str:
    """The signed address of a ZIP of some megabytes."""
    files = [("file", (f"{number}.webp", noise())) for number in range(FILES)]
    with client_of(server) as client:
        client.post(
            "/api/v1/tools/image/convert/batch",
            files=[*files, ("file", ("small.jpg", small()))],
            data={"settings": '{"format": "png"}', "clientJobId": "zip"},
            headers={"Prefer": "respond-async"},
        ).raise_for_status()
        (output,) = wait_for_end(client, "zip")["outputs"]
    return server.url + str(output["downloadUrl"])


def part(address: str, start: int, stop: int) -> bytes:
    answer = httpx.get(address, headers={"Range": f"bytes={start}-{stop - 1}"}, timeout=60)
    assert (answer.status_code, len(answer.content)) == (206, stop - start)
    return answer.content


def test_parts_that_are_fetched_at_once_make_the_whole(address: str) -> None:
    whole = httpx.get(address, timeout=60)
    size = len(whole.content)
    assert size == int(whole.headers["Content-Length"])
    edges = [size * number // 7 for number in range(8)]
    with ThreadPoolExecutor(7) as pool:
        parts = list(pool.map(partial(part, address), edges[:-1], edges[1:]))
    assert b"".join(parts) == whole.content
    archive = zipfile.ZipFile(io.BytesIO(whole.content))
    assert archive.testzip() is None
    assert len(archive.namelist()) == FILES + 1


def test_a_broken_download_goes_on(address: str) -> None:
    whole = httpx.get(address, timeout=60)
    with httpx.stream("GET", address, timeout=60) as broken:
        begun = next(broken.iter_bytes(2**20))
    headers = {"Range": f"bytes={len(begun)}-", "If-Range": broken.headers["ETag"]}
    rest = httpx.get(address, headers=headers, timeout=60)
    assert rest.status_code == 206
    assert begun + rest.content == whole.content


def test_many_who_stop_reading_take_neither_threads_nor_connections(
    server: RunningServer, address: str
) -> None:
    """More than there are threads and database connections; whoever asks meanwhile is answered."""
    target = urlsplit(address)
    request = f"GET {target.path}?{target.query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    slow: list[Any] = []
    try:
        for _ in range(150):
            slow.append(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            slow[-1].sendall(request)
        for connection in slow:
            assert connection.recv(15).startswith(b"HTTP/1.1 200 OK")
        with client_of(server) as client:
            assert client.get("/api/v1/jobs").status_code == 200
    finally:
        for connection in slow:
            connection.close()
