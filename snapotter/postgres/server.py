"""Share one embedded server between processes: the first in starts it, the last one out stops it.

Each user process holds a shared lock on ``users.lock`` beside the cluster; the kernel drops it however the
process ends. Whoever leaves tries to make its lock exclusive: success means that nobody else is left.
Starting, joining and leaving happen one at a time, under an exclusive lock on ``start.lock``.

A process that is killed (SIGKILL, or SIGTERM without a handler) stops nothing: the next user finds the server
running and stops it when it leaves.
"""

import atexit
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from . import ownership
from .cluster import Cluster, programs
from .errors import EmbeddedPostgresError


class Server:
    """This process's share in the server below ``home``."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self._cluster = Cluster(self._home)
        self._thread_lock = threading.Lock()
        self._hold: int | None = None
        self._postmaster: int | None = None
        self._socket_directory = self._home

    def ensure_running(self) -> Path:
        """The socket directory of the running server; a microsecond unless there is something to do."""
        if self._hold is None or not _exists(self._postmaster):
            self.join()
        return self._socket_directory

    def ensure_answering(self) -> None:
        """The same with a real probe, which takes milliseconds."""
        if self._hold is None or not self._cluster.answers():
            self.join()

    def join(self) -> bool:
        """Become a user of the server, started if it does not answer; True when it is not the one we knew."""
        with self._thread_lock, self._explained():
            ownership.prepare(self._home, programs())
            with self._one_at_a_time():
                if self._hold is None:
                    self._hold = _lock(self._home / "users.lock", fcntl.LOCK_SH)
                if not self._cluster.answers():
                    self._cluster.start()
                self._cluster.ensure_database()
                known, self._postmaster = self._postmaster, self._cluster.postmaster()
                self._socket_directory = self._cluster.socket_directory
        return self._postmaster != known

    def leave(self) -> None:
        """Give up our share and stop the server if it was the last."""
        with self._thread_lock, self._explained():
            if self._hold is None:
                return
            with self._one_at_a_time():
                if _only_holder(self._hold):
                    self._cluster.stop()
                _unlock(self._hold)
                self._hold = None

    def abandon(self) -> None:
        """In a forked child: close the inherited file, which leaves the parent's lock as it is."""
        if self._hold is not None:
            os.close(self._hold)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        descriptor = _lock(self._home / "start.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            _unlock(descriptor)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, psycopg.Error) as error:
            raise EmbeddedPostgresError(self._home, str(error)) from error


_servers: dict[Path, Server] = {}


def of(home: Path) -> Server:
    """This process's Server below ``home``."""
    if home not in _servers:
        _servers.setdefault(home, Server(home))
    return _servers[home]


def release() -> None:
    """Leave all servers, which stops those that nobody else uses; done at a normal exit, harmless earlier."""
    for server in list(_servers.values()):
        server.leave()


def _abandon_inherited() -> None:
    for server in _servers.values():
        server.abandon()
    _servers.clear()


atexit.register(release)
os.register_at_fork(after_in_child=_abandon_inherited)


def _lock(path: Path, kind: int) -> int:
    # A lock needs no right to write. O_NOFOLLOW because root must not be led elsewhere by the server's user.
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(descriptor, kind)
    except BaseException:  # Ctrl-C while waiting
        os.close(descriptor)
        raise
    return descriptor


def _unlock(descriptor: int) -> None:
    # Closing alone would not do: a child forked by another thread meanwhile shares the lock.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _only_holder(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _exists(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
