"""The owner's side of the fork server and of one child. The other sides: processing.engine.fork_server."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from processing.engine.errors import ChildCrashed, ChildTimeout, OutOfMemory
from processing.engine.fork_server import COMMAND, FORK, STATUS, ChildSettings, command_line, environment
from processing.engine.request import Request, RunResult
from snapotter.common.errors import SnapOtterError

_START_SECONDS = 60.0
"""A cold disk and a busy machine may take this long to import everything; usually it is half a second."""
_END_SECONDS = 5.0
"""For a process to be gone once it is told so or its socket has closed."""

_RUNS = 100
"""A child's life. What runs leak (memory, descriptors, address space) ends with it; a new one costs 3 ms."""


class ServerLost(Exception):
    """The fork server cannot fork; why stands on standard error."""


class ForkServer:
    """One fork server process. Thread-safe."""

    def __init__(self, settings: ChildSettings) -> None:
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                command_line(theirs.fileno(), settings, _import_path()),
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a library prints must not end up in the output of a command
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C in the terminal is the owner's business
                env=environment(dict(os.environ)),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self) -> Child:
        work, their_work = socket.socketpair()
        status, their_status = os.pipe()
        child = Child(self, Connection(work.detach()), status)
        try:
            self._send(FORK, their_work.fileno(), their_status)
        except ServerLost:
            child.close()
            raise
        finally:
            their_work.close()
            os.close(their_status)
        child.begin()
        return child

    def kill(self, pid: int) -> None:
        """SIGKILL a child and what it started, if it still lives."""
        with contextlib.suppress(ServerLost):  # then the child is dead as well
            self._send(pid)

    def close(self) -> None:
        """End the server and its children; return when the server is gone."""
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it hangs in an import
            self._process.kill()
            self._process.wait()

    def abandon(self) -> None:
        """Let go in a process forked off the owner, so that the server still ends with its owner."""
        self._control.close()
        self._process.returncode = 0  # it is not ours to wait for

    def _send(self, command: int, *descriptors: int) -> None:
        try:
            with self._lock:
                socket.send_fds(self._control, [COMMAND.pack(command)], descriptors)
        except OSError as error:
            raise ServerLost from error


class Child:
    """One child process: one run at a time, many after each other. Not thread-safe but for `kill`."""

    def __init__(self, server: ForkServer, work: Connection, status: int) -> None:
        self._server = server
        self._work = work
        self._status = status
        self._runs = 0
        self.reusable = True
        self.pid: int | None = None

    def begin(self) -> None:
        """Wait until the process is there."""
        self.pid = _read_status(self._status, _START_SECONDS)
        if self.pid is None:
            self.close()
            raise ServerLost

    def start(self, request: Request) -> bool:
        """Hand over a request. False: the child has ended, and the request was not run."""
        self._runs += 1
        self.reusable = False
        try:
            self._work.send(request)
            self._work.recv_bytes()
        except (EOFError, ConnectionError):
            return False
        return True

    def outcome(self, seconds: float) -> RunResult | SnapOtterError:
        """What came of it, at the latest after so many seconds (0 is no limit)."""
        try:
            if self._work.poll(seconds or None):
                return self._read_answer()
            self.kill()
            _read_status(self._status, _END_SECONDS)  # a stopped run must not go on writing
            return ChildTimeout(details=f"stopped after {seconds:g} seconds")
        except (EOFError, ConnectionError):
            return ChildCrashed(details=_describe(_read_status(self._status, _END_SECONDS)))

    def _read_answer(self) -> RunResult | SnapOtterError:
        answer: RunResult | SnapOtterError = self._work.recv()
        self.reusable = self._runs < _RUNS and not isinstance(answer, OutOfMemory)
        return answer

    def kill(self) -> None:
        if self.pid:
            self._server.kill(self.pid)

    def close(self) -> None:
        """Without its socket an idle child ends by itself."""
        self._work.close()
        os.close(self._status)


def _import_path() -> list[str]:
    return [entry or str(Path.cwd()) for entry in sys.path]


def _read_status(status: int, timeout: float) -> int | None:
    """None when there is none to come or none came in time."""
    poll = select.poll()  # not select(), which fails for the thousandth descriptor of a busy web process
    poll.register(status, select.POLLIN)
    if not poll.poll(timeout * 1000):
        return None
    value = os.read(status, STATUS.size)
    return int(STATUS.unpack(value)[0]) if value else None


def _describe(exit_code: int | None) -> str:
    if exit_code is None:
        return "ended together with its fork server"
    if exit_code >= 0:
        return f"exited with code {exit_code}"
    name = signal.Signals(-exit_code).name
    hint = {"SIGKILL": "; the machine may be out of memory", "SIGABRT": "; often for want of memory"}
    return f"ended by {name}{hint.get(name, '')}"
