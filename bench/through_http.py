"""Requests through the whole product: `python bench/through_http.py` starts and stops a server of its own.

Prints: latency of a 600×400 resize and what of it is overhead, requests per second at 8 clients, latency of a
24-megapixel resize, and the idle memory of all processes (PSS, as shared pages must count once).
"""

from __future__ import annotations

import http.client
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.running import RunningServer

PASSWORD = "Bench-mark-1"  # noqa: S105
BOUNDARY = "snapotter-bench"
SECONDS = 10.0
CLIENTS = 8


def photo(width: int, height: int) -> bytes:
    """A JPEG with gradients, edges and grain, so that it costs what a photo costs."""
    generator = np.random.default_rng(7)
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    grain = generator.normal(0, 10, (height, width))
    pixels = np.stack([x + grain, y + grain, (x + y) / 2 + grain], axis=-1)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def body(picture: bytes, settings: dict[str, object]) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="settings"\r\n\r\n{json.dumps(settings)}\r\n'
    )
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n\r\n'
    return (head + part).encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def running_server(**environment: str) -> Iterator[RunningServer]:
    """A server of its own in an empty directory, whose admin has `PASSWORD`."""
    with tempfile.TemporaryDirectory(prefix="snapotter-bench-") as directory:
        server = RunningServer(
            Path(directory) / "data",
            DEFAULT_PASSWORD=PASSWORD,
            SKIP_MUST_CHANGE_PASSWORD="true",  # noqa: S106  a switch, not a password
            **environment,
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Client:
    """One keep-alive connection."""

    def __init__(self, server: RunningServer, credential: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self._headers = {
            "Authorization": f"Bearer {credential}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }

    def resize(self, payload: bytes) -> float:
        """Seconds one request took; raises RuntimeError unless it is answered 200."""
        started = time.perf_counter()
        self._connection.request("POST", "/api/v1/tools/image/resize", payload, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content.decode()}")
        return time.perf_counter() - started


def post_json(server: RunningServer, path: str, values: object, token: str = "") -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request("POST", path, json.dumps(values), headers)
    answer: dict[str, str] = json.loads(connection.getresponse().read())
    return answer


def latencies(client: Client, payload: bytes, count: int) -> list[float]:
    return sorted(client.resize(payload) * 1000 for _ in range(count))


def throughput(server: RunningServer, credential: str, payload: bytes) -> float:
    """Requests per second at CLIENTS clients over SECONDS."""
    deadline = time.perf_counter() + SECONDS

    def work(_: int) -> int:
        client, done = Client(server, credential), 0
        while time.perf_counter() < deadline:
            client.resize(payload)
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as executor:
        return sum(executor.map(work, range(CLIENTS))) / SECONDS


def idle_memory(server: RunningServer) -> dict[str, float]:
    """PSS in MB by kind of process."""
    assert server.process is not None
    kinds = {"PostgreSQL": server.postgres()}
    ours = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    kinds["web and children"] = [process for process in ours if process not in kinds["PostgreSQL"]]
    return {kind: sum(p.memory_full_info().pss for p in found) / 2**20 for kind, found in kinds.items()}


def report(name: str, values: list[float]) -> None:
    p95 = values[int(len(values) * 0.95)]
    print(f"{name:44} p50 {statistics.median(values):7.1f} ms   p95 {p95:7.1f} ms   n={len(values)}")


def main() -> None:
    small = body(photo(600, 400), {"width": 300})
    large = body(photo(6000, 4000), {"width": 1200})
    # The limiter at work, and never in the way
    with running_server(RATE_LIMIT_PER_MIN="10000000") as server:
        token = post_json(server, "/api/auth/login", {"username": "admin", "password": PASSWORD})["token"]
        key = post_json(server, "/api/v1/api-keys", {"name": "bench"}, token)["key"]
        time.sleep(3)
        fresh = idle_memory(server)
        for name, credential in (("session", token), ("API key", key)):
            client = Client(server, credential)
            latencies(client, small, 30)
            report(f"600x400 resize, 1 client, {name}", latencies(client, small, 300))
        for name, credential in (("session", token), ("API key", key)):
            label = f"600x400 resize, {CLIENTS} clients, {name}"
            print(f"{label:44} {throughput(server, credential, small):7.1f} requests/s")
        report("24-megapixel resize to 1200, 1 client", latencies(Client(server, token), large, 20))
        time.sleep(5)
        for label, memory in (("after the start", fresh), ("after the load", idle_memory(server))):
            parts = ", ".join(f"{kind} {size:.0f}" for kind, size in memory.items())
            print(f"{f'idle memory {label}, PSS':44} {sum(memory.values()):7.0f} MB   ({parts})")


if __name__ == "__main__":
    main()
