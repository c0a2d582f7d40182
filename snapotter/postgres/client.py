from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import client

from . import server
from .cluster import PORT, ROLE, programs


class DatabaseClient(client.DatabaseClient):
    """``manage.py dbshell`` with the wheel's psql on the embedded server."""

    executable_name = str(programs() / "psql")

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        host = server.of(Path(settings_dict["DATA_DIR"])).ensure_running()
        embedded = {**settings_dict, "HOST": str(host), "PORT": PORT, "USER": ROLE}
        return super().settings_to_cmd_args_env(embedded, parameters)
