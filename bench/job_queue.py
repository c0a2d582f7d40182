"""The queue: `python bench/job_queue.py [--help]` starts and stops a server and workers of its own.

Prints how long a small job takes from its row to its result in either lane, and how fast a heap of jobs is
worked off: all of them, the first tenth and the last. To compare one worker with two on two cores, let each
run one job at a time.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from through_http import PASSWORD, photo

from tests.running import ROOT, RunningServer

CLIENTS = 4
RESIZE = "/api/v1/tools/image/resize"


class Bench:
    def __init__(self, directory: Path, at_a_time: int, size: tuple[int, int]) -> None:
        self.server = RunningServer(
            directory / "data",
            DEFAULT_PASSWORD=PASSWORD,
            SKIP_MUST_CHANGE_PASSWORD="true",  # noqa: S106  a switch, not a password
            RATE_LIMIT_PER_MIN="0",
            WORKERS="0",
            CONCURRENT_JOBS=str(at_a_time),
            LOG_LEVEL="warn",
        )
        self.picture = photo(*size)

    def client(self) -> httpx.Client:
        account = {"username": "admin", "password": PASSWORD}
        token = httpx.post(f"{self.server.url}/api/auth/login", json=account).json()["token"]
        return httpx.Client(
            base_url=self.server.url, headers={"Authorization": f"Bearer {token}"}, timeout=120
        )

    def post(self, client: httpx.Client, **headers: str) -> str:
        answer = client.post(
            RESIZE,
            files={"file": ("photo.jpg", self.picture)},
            data={"settings": '{"width": 300}'},
            headers=headers,
        )
        answer.raise_for_status()
        return str(answer.json()["jobId"])

    def enqueue(self, client: httpx.Client) -> str:
        return self.post(client, Prefer="respond-async")

    @contextmanager
    def workers(self, count: int) -> Iterator[None]:
        environment = {**self.server._environment, "WORKERS": str(count)}
        command = [sys.executable, "manage.py", "worker"]
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) for _ in range(count)
        ]
        try:
            yield
        finally:
            for process in processes:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(30)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        host = str(self.server.data_dir / "postgres")
        with psycopg.connect(host=host, user="snapotter", dbname="snapotter", autocommit=True) as connection:
            return connection.execute(sql).fetchall()


def lanes(bench: Bench, client: httpx.Client) -> None:
    """Milliseconds from the row to the result, one job at a time."""
    fast = [bench.post(client) for _ in range(100)]
    queued = []
    for _ in range(100):
        queued.append(bench.enqueue(client))
        time.sleep(0.1)
    for name, jobs in (("fast lane", fast[20:]), ("queue, idle worker", queued[20:])):
        took = sorted(_milliseconds(client.get(f"/api/v1/jobs/{job}").json()) for job in jobs)
        p95 = took[int(len(took) * 0.95)]
        print(f"resize, {name:36} p50 {statistics.median(took):6.1f} ms   p95 {p95:6.1f} ms")


def _milliseconds(job: dict[str, Any]) -> float:
    created, completed = (datetime.fromisoformat(job[name]) for name in ("createdAt", "completedAt"))
    return (completed - created).total_seconds() * 1000


def heap(bench: Bench, client: httpx.Client, jobs: int) -> None:
    """Let so many jobs wait, with no worker there."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as executor:
        list(executor.map(lambda _: bench.enqueue(client), range(jobs)))
    print(f"{jobs} jobs enqueued over HTTP{'':19} {jobs / (time.perf_counter() - started):6.1f} per second")


def drain(bench: Bench, workers: int) -> None:
    while bench.query("SELECT count(*) FROM jobs WHERE status IN ('queued', 'processing')")[0][0]:
        time.sleep(0.5)
    rows = bench.query("SELECT extract(epoch FROM completed_at)::float FROM jobs WHERE status = 'completed'")
    times = sorted(row[0] for row in rows)
    tenth = len(times) // 10
    for name, part in (("all", times), ("first tenth", times[:tenth]), ("last tenth", times[-tenth:])):
        rate = (len(part) - 1) / (part[-1] - part[0])
        print(f"worked off by {workers} worker(s), {name:22} {rate:6.1f} per second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--at-a-time", type=int, default=0, help="CONCURRENT_JOBS")
    parser.add_argument("--size", type=int, nargs=2, default=(600, 400), metavar=("WIDTH", "HEIGHT"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="snapotter-bench-") as directory:
        bench = Bench(Path(directory), asked.at_a_time, tuple(asked.size))
        bench.server.start()
        try:
            with bench.client() as client:
                with bench.workers(1):
                    time.sleep(5)
                    lanes(bench, client)
                bench.query("DELETE FROM jobs RETURNING 1")
                heap(bench, client, asked.jobs)
                with bench.workers(asked.workers):
                    drain(bench, asked.workers)
        finally:
            bench.server.stop()


if __name__ == "__main__":
    main()
