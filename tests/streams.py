"""Streams of progress as clients of a real server open them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from processing.progress.tests.received import Received
from snapotter.tests.waiting import eventually
from tests.running import RunningServer


class Stream(Received):
    """One over HTTP."""

    def __init__(self, server: RunningServer, token: str, name: str) -> None:
        super().__init__()
        self.headers = httpx.Headers()
        self._url = f"{server.url}/api/v1/jobs/{name}/progress"
        self._client = httpx.Client(headers=_headers(token), timeout=60)

    def join(self) -> None:
        self._thread.join()
        self._client.close()

    def _read(self) -> None:
        with self._client.stream("GET", self._url) as answer:
            answer.raise_for_status()
            self.headers = answer.headers
            for line in filter(None, answer.iter_lines()):
                self._note(json.loads(line.removeprefix("data: ")))


@contextmanager
def following(server: RunningServer, token: str, name: str) -> Iterator[Stream]:
    """Open by the time the test goes on; the test sees to it that it ends."""
    stream = Stream(server, token, name)
    stream.start()
    yield stream
    eventually(lambda: stream.has_ended, "the stream ends")
    stream.join()


def open_socket(server: RunningServer, token: str, name: str) -> socket.socket:
    """The connection of a stream whose first event has come."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    lines = [f"GET /api/v1/jobs/{name}/progress HTTP/1.1", "Host: localhost"]
    lines += [f"{header}: {value}" for header, value in _headers(token).items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    received = b""
    while b"data: " not in received:
        part = connection.recv(65536)
        assert part, received
        received += part
    assert received.startswith(b"HTTP/1.1 200 "), received
    return connection


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
