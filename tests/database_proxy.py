"""A database server that can be made to go away for a while: TCP in front of an embedded one's socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import psycopg

from snapotter.postgres import server
from snapotter.postgres.cluster import DATABASE, PORT, ROLE, Cluster


class DatabaseProxy:
    """Connections go through while it is `open`; `cut` ends them all and refuses new ones."""

    def __init__(self, home: Path) -> None:
        self._server = server.of(home)
        self._cluster = Cluster(home)
        self._target = str(self._server.ensure_running() / f".s.PGSQL.{PORT}")
        self._address = ("127.0.0.1", 0)
        self._listening: socket.socket | None = None
        self._connected: set[socket.socket] = set()
        self.open()

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@127.0.0.1:{self._address[1]}/{DATABASE}"

    def open(self) -> None:
        self._listening = socket.create_server(self._address)
        self._address = self._listening.getsockname()
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def cut(self) -> None:
        assert self._listening
        _end(self._listening)
        for connection in tuple(self._connected):
            _end(connection)

    def has_job_past_its_lease(self) -> bool:
        """Looked at past the connections that go through here, or do not."""
        directory = str(self._cluster.socket_directory)
        with psycopg.connect(host=directory, port=PORT, user=ROLE, dbname=DATABASE) as past:
            return past.execute("SELECT 1 FROM jobs WHERE lease_until < now()").rowcount > 0

    def stop(self) -> None:
        """Stop the database server itself; whoever is connected is told so."""
        self._cluster.stop()

    def start(self) -> None:
        self._server.ensure_answering()

    def close(self) -> None:
        """Stop the database server as well."""
        self.cut()
        self._server.leave()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        target = socket.socket(socket.AF_UNIX)
        try:
            target.connect(self._target)
        except OSError:  # it is stopped
            _end(client)
            _end(target)
            return
        self._connected |= {client, target}
        for ends in ((client, target), (target, client)):
            threading.Thread(target=self._copy, args=ends, daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(2**16):
                sink.sendall(content)
        for end in (source, sink):
            _end(end)
            self._connected.discard(end)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
