"""The memory of a batch: `python bench/batch.py [files …]`, each number of files (20 and 200) on a server of
its own.

Prints how long upload and runs took, how long the ZIP, and the peak of the memory of all processes together,
PostgreSQL's too, sampled ten times a second from the upload to the end of the download.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from through_http import PASSWORD, idle_memory, photo, post_json, running_server

from tests.running import RunningServer

COUNTS = (20, 200)
SIZE = (3000, 2000)
TOOL = "/api/v1/tools/image/resize"


class Peak:
    """The most memory in MB, by kind of process, since it was begun."""

    def __init__(self, server: RunningServer) -> None:
        self.most: dict[str, float] = {}
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            with suppress(psutil.NoSuchProcess):  # a child that just ended
                now = idle_memory(self._server)
                if sum(now.values()) > sum(self.most.values()):
                    self.most = now


def measure(server: RunningServer, count: int) -> None:
    token = post_json(server, "/api/auth/login", {"username": "admin", "password": PASSWORD})["token"]
    picture = photo(*SIZE)
    before = idle_memory(server)
    with (
        httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=600
        ) as client,
        Peak(server) as peak,
    ):
        began = time.monotonic()
        name = begin(client, picture, count)
        uploaded = time.monotonic()
        job = wait(client, name)
        ran = time.monotonic()
        size = download(client, job["outputs"][0]["downloadUrl"])
        fetched = time.monotonic()
    megabytes = len(picture) * count / 2**20
    print(f"{count} files of {SIZE[0]}×{SIZE[1]}, {megabytes:.0f} MB up, ZIP of {size / 2**20:.0f} MB")
    print(f"  upload {uploaded - began:.1f} s, runs {ran - uploaded:.1f} s, download {fetched - ran:.1f} s")
    report("together", sum(before.values()), sum(peak.most.values()))
    for kind, most in peak.most.items():
        report(kind, before[kind], most)


def report(kind: str, before: float, most: float) -> None:
    print(f"  {kind:18} {before:6.0f} MB before, {most:6.0f} MB at the peak")


def begin(client: httpx.Client, picture: bytes, count: int) -> str:
    answer = client.post(
        f"{TOOL}/batch",
        files=[("file", (f"{number}.jpg", picture)) for number in range(count)],
        data={"settings": '{"width": 2000}'},
        headers={"Prefer": "respond-async"},
    )
    answer.raise_for_status()
    return str(answer.json()["jobId"])


def wait(client: httpx.Client, name: str) -> dict[str, list[dict[str, str]]]:
    while True:
        job = client.get(f"/api/v1/jobs/{name}?limit=1").json()
        if job["completedAt"]:
            return job  # type: ignore[no-any-return]
        time.sleep(0.2)


def download(client: httpx.Client, address: str) -> int:
    with client.stream("GET", address) as answer:
        return sum(len(chunk) for chunk in answer.iter_bytes())


def main() -> None:
    for count in [int(argument) for argument in sys.argv[1:]] or COUNTS:
        with running_server(RATE_LIMIT_PER_MIN="0") as server:
            measure(server, count)


if __name__ == "__main__":
    main()
