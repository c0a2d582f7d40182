"""The backend ``snapotter.postgres``: Django's own, connected to the embedded server in ``DATA_DIR``."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
from psycopg import OperationalError

from . import server
from .client import DatabaseClient
from .cluster import PORT, ROLE


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the server before a connection needs it, also after it died underneath us."""

    client_class = DatabaseClient
    _connection_pools: dict[str, Any] = {}

    @property
    def pool(self) -> Any:
        pool = super().pool
        if pool is not None:
            # Asked for again before each connection of the pool, those that its own threads make included.
            pool.kwargs = self._probed_connection_params
        return pool

    def get_connection_params(self) -> dict[str, Any]:
        """Django's, on the running server. Called for each checkout from a pool too, so it must be cheap."""
        host = self._server.ensure_running()
        return {**super().get_connection_params(), "host": str(host), "port": PORT, "user": ROLE}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except OperationalError:
            # The cheap test saw a process with the right id: a zombie, or one that has it now.
            if not self._server.join():
                raise
            return super().get_new_connection(self.get_connection_params())

    def _probed_connection_params(self) -> dict[str, Any]:
        self._server.ensure_answering()
        return {**self.get_connection_params(), "autocommit": True}  # as Django opens its pool

    @property
    def _server(self) -> server.Server:
        data_dir = self.settings_dict.get("DATA_DIR")
        if not data_dir:
            raise ImproperlyConfigured("The database engine snapotter.postgres needs DATA_DIR, a directory.")
        return server.of(Path(data_dir))


_pools_of_the_parent: list[dict[str, Any]] = []


def _leave_inherited_pools() -> None:
    # Their threads did not come along and their sockets are the parent's: kept, as closing would disturb it.
    _pools_of_the_parent.append(dict(DatabaseWrapper._connection_pools))
    DatabaseWrapper._connection_pools.clear()


os.register_at_fork(after_in_child=_leave_inherited_pools)
