"""The process that forks the children, and what a child does. `processing.engine.child` holds the other ends.

    web process ──control socket──▶ fork server ──fork──▶ child
         ▲                            │ pid, exit status    ▲
         └──────── status pipe ◀──────┘                     │
         └──────── work socket ◀── requests, answers ───────┘

The fork server is a fresh interpreter (nothing of the web process: no Django, no sockets, no threads) that
has imported what a run needs, so that a child is one `fork` away and shares those pages. It stays
single-threaded and does three things: fork, kill, reap. It is the children's parent, so a process id it kills
is never a stranger's. It ends when the control socket closes, which is when the web process ends, however it
ends; and takes the children along.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import importlib
import os
import pickle
import resource
import selectors
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NoReturn

from processing import registry
from processing.engine.errors import OutOfMemory
from processing.engine.request import Request, RunResult
from snapotter.common.errors import SnapOtterError, StorageFull, is_storage_full

COMMAND = struct.Struct("q")
"""0 with two descriptors (work socket, status pipe): fork. A process id: kill it."""
STATUS = struct.Struct("q")
"""On the status pipe: the process id, later the exit code (negative: the signal)."""
FORK = 0
STARTED = b""
"""A child's word that it took a request. Without it the request was never run and may go to another child."""

Execute = Callable[[Request], RunResult]


@dataclass(frozen=True)
class ChildSettings:
    """`function` is `module:name`. `memory_bytes` 0 means unlimited."""

    function: str
    memory_bytes: int
    preload: bool = True
    nice: int = 0


class Bug(SnapOtterError):
    """`details` is the traceback of an unexpected exception, for the parent's log."""


def main(control: int, settings: ChildSettings) -> None:
    _prepare_process(settings)
    if settings.preload:
        _load(settings.function)
        registry.all_tools()  # or every new child imports them at its first run
    gc.collect()
    gc.freeze()  # or the first collection of every child writes to, and so copies, all shared pages
    _Server(socket.socket(fileno=control), settings).serve()


def _prepare_process(settings: ChildSettings) -> None:
    """What children inherit. A stopping service signals all its processes, but ending these is for the owner:
    it may still be waiting for results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the owner may have blocked SIGCHLD, which wakes us
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    os.nice(settings.nice)


def _load(function: str) -> Execute:
    module, name = function.split(":")
    execute: Execute = getattr(importlib.import_module(module), name)
    return execute


class _Server:
    def __init__(self, control: socket.socket, settings: ChildSettings) -> None:
        self._control = control
        self._settings = settings
        self._pid = os.getpid()
        self._statuses: dict[int, int] = {}
        """Status pipe of each living child."""

    def serve(self) -> None:
        self._wake_at_child_end()
        selector = selectors.PollSelector()  # has no descriptor of its own that children would inherit
        selector.register(self._control, selectors.EVENT_READ, self._obey)
        selector.register(self._child_ended, selectors.EVENT_READ, self._reap)
        while True:
            for key, _ in selector.select():
                key.data()

    def _wake_at_child_end(self) -> None:
        self._child_ended, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _obey(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, COMMAND.size, 2)
        if not message:
            self._end()
        (command,) = COMMAND.unpack(message)
        if command == FORK:
            self._fork(*descriptors)
        elif command in self._statuses:
            _kill_group(command)

    def _end(self) -> NoReturn:
        for pid in self._statuses:
            _kill_group(pid)
        os._exit(0)

    def _fork(self, work: int, status: int) -> None:
        try:
            pid = os.fork()
        except OSError:  # too many processes: closing the pipe tells the pool
            traceback.print_exc()
            os.close(status)
        else:
            if pid == 0:
                self._become_child(work, status)
            self._adopt(pid, status)
        os.close(work)

    def _adopt(self, pid: int, status: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)  # the child does it too: neither may go on before it is done
        self._statuses[pid] = status
        _tell(status, pid)

    def _become_child(self, work: int, status: int) -> NoReturn:
        code = 1
        try:
            self._leave_server(status)
            _end_with_parent(self._pid)
            os.set_inheritable(work, False)
            with Connection(work) as connection:
                serve_requests(connection, self._settings)
            code = 0
        except SystemExit as error:  # raised by a tool: an end like any other, but told as what it is
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:  # noqa: BLE001 - the outermost frame of a process: nothing may climb into the server's
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _leave_server(self, status: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)  # programs a tool starts are in its group, and end with it
        self._control.close()
        for descriptor in (status, self._child_ended, self._wake, *self._statuses.values()):
            os.close(descriptor)

    def _reap(self) -> None:
        os.read(self._child_ended, 4096)
        while self._statuses:
            pid, wait_status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            _kill_group(pid)  # what the child started and left behind
            status = self._statuses.pop(pid)
            _tell(status, os.waitstatus_to_exitcode(wait_status))
            os.close(status)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _tell(status: int, value: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the pool let go of this child
        os.write(status, STATUS.pack(value))


def _end_with_parent(parent: int) -> None:
    """Have Linux kill this process when the fork server dies. Elsewhere a child then ends after its run."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def serve_requests(connection: Connection, settings: ChildSettings) -> None:
    """Answer requests until the other side closes."""
    with contextlib.suppress(EOFError, ConnectionResetError, BrokenPipeError):
        while True:
            request = connection.recv()
            connection.send_bytes(STARTED)
            _limit_memory(settings.memory_bytes, request.limits.memory_bytes)
            connection.send_bytes(_answer(settings.function, request))


def _limit_memory(*limits: int) -> None:
    """The smallest limit but 0 (unlimited) bounds the address space; only this run's, it can rise again.

    macOS accepts RLIMIT_AS and does not enforce it: there a run is bounded by time and megapixels only.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = [limit for limit in (*limits, hard) if limit > 0]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (min(wanted, default=resource.RLIM_INFINITY), hard))


def _answer(function: str, request: Request) -> bytes:
    """The pickled RunResult or SnapOtterError. Pickling may fail as well, and for the same reasons."""
    try:
        return pickle.dumps(_outcome(function, request))
    except Exception as error:  # noqa: BLE001 - whatever a tool raises must not end the child
        return pickle.dumps(_unexpected(error))


def _outcome(function: str, request: Request) -> RunResult | SnapOtterError:
    try:
        return _load(function)(request)
    except SnapOtterError as error:
        return error


def _unexpected(error: Exception) -> SnapOtterError:
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    if refused or isinstance(error, MemoryError):
        return OutOfMemory()
    if is_storage_full(error):
        return StorageFull()
    return Bug(details="".join(traceback.format_exception(error)))


def command_line(control: int, settings: ChildSettings, path: list[str]) -> list[str]:
    """Not `-m` or a script: with `-c` and this path, imports find what they find in the web process."""
    code = (
        f"import sys; sys.path[:] = {path!r}; from processing.engine.fork_server import ChildSettings, main;"
        f" main({control}, {settings!r})"
    )
    return [sys.executable, "-c", code]


def environment(current: dict[str, str]) -> dict[str, str]:
    """One thread per child for numerical libraries: the pool is the parallelism, and every thread of theirs
    takes address space off the memory limit."""
    return {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **current}
