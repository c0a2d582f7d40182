"""A real server for the tests: the command that operators type, in processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from snapotter.postgres.cluster import DATABASE, PORT, ROLE, Cluster

ADMIN_PASSWORD = "Otter-9-swims"
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 30.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningServer:
    """`manage.py serve` on a free port, with a data directory and a process group of its own."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.parent / f"{data_dir.name}-{self.port}.log"
        self._environment = _clean_environment() | {
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "MALLOC_ARENA_MAX": "2",  # as `make run` has it
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        self.process = self.popen("serve")

    def wait_until_ready(self) -> None:
        """Raises RuntimeError with the server's log when it does not answer."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v1/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that an operator types beside the running server."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
        )

    def popen(self, *arguments: str) -> subprocess.Popen[bytes]:
        """One that goes on, with its output in the server's log."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def connect(self) -> psycopg.Connection[Any]:
        """As the owner of the database."""
        if url := self._environment.get("DATABASE_URL"):
            return psycopg.connect(url, autocommit=True)
        socket = str(Cluster(self.data_dir / "postgres").socket_directory)
        return psycopg.connect(host=socket, port=PORT, user=ROLE, dbname=DATABASE, autocommit=True)

    def sql(self, statement: str, *parameters: str) -> int:
        """What the owner of the database does with psql; the number of rows."""
        with self.connect() as database:
            return database.execute(statement, parameters).rowcount

    def descendants(self) -> list[psutil.Process]:
        """Every process below ours, the embedded PostgreSQL too, which has a session of its own."""
        if self.process is None or not psutil.pid_exists(self.process.pid):
            return []
        return psutil.Process(self.process.pid).children(recursive=True) + self.postgres()

    def postgres(self) -> list[psutil.Process]:
        """The embedded server's processes: only the first one's command line names the data directory."""
        main = [
            process
            for process in psutil.process_iter(["cmdline"])
            if _serves(process.info["cmdline"] or [""], self.data_dir)
        ]
        return main + [child for process in main for child in process.children(recursive=True)]

    def kill(self) -> None:
        """As a power cut: every process at once, PostgreSQL too."""
        assert self.process is not None
        processes = [psutil.Process(self.process.pid), *self.descendants()]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(STOP_SECONDS)
        psutil.wait_procs(processes, STOP_SECONDS)

    def terminate(self) -> None:
        """What a service manager does."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    def interrupt(self) -> None:
        """What Ctrl-C does: SIGINT to the whole foreground process group."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        self.interrupt()
        if self.process is not None:
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise


def _serves(command_line: list[str], data_dir: Path) -> bool:
    in_directory = any(argument.startswith(f"{data_dir}/") for argument in command_line)
    return in_directory and "postgres" in command_line[0]


def _clean_environment() -> dict[str, str]:
    """Ours without what would configure the server: the developer's own settings are not the test's."""
    ours = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LD_LIBRARY_PATH", "DATABASE_URL")
    return {name: os.environ[name] for name in ours if name in os.environ}
