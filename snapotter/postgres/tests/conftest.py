import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from snapotter.postgres.cluster import Cluster

PROJECT = Path(__file__).resolve().parents[3]


class Member:
    """A process that uses the server below ``home`` (see member.py)."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.member", home, *arguments],
            cwd=PROJECT,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def send(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n")

    def receive(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def ask(self, command: str) -> str:
        self.send(command)
        return self.receive()

    def leave(self) -> None:
        """End normally."""
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0

    def die(self) -> None:
        """End by SIGKILL."""
        self.process.kill()
        self.process.wait(timeout=60)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    # pytest closes root's tmp_path to all others, again with each session that starts on this machine; the
    # server's own user has to get through. So root gets a directory that nobody else tampers with.
    with ExitStack() as stack:
        place = tmp_path
        if os.geteuid() == 0:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="snapotter-test-")))
        yield place / "postgres"


@pytest.fixture
def join(home: Path) -> Iterator[Callable[..., Member]]:
    """Start members; whatever the test does, neither they nor a server survive it."""
    members: list[Member] = []
    homes = {home}

    def start(*arguments: str, home: Path = home) -> Member:
        homes.add(home)
        members.append(Member(home, *arguments))
        return members[-1]

    yield start
    for member in members:
        with member.process:
            member.process.kill()
    for used in homes:
        Cluster(used.resolve()).stop()
