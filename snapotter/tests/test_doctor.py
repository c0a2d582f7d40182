"""`manage.py doctor` finds what works, and names what does not."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings


def doctor() -> str:
    output = io.StringIO()
    call_command("doctor", stdout=output, no_color=True)
    return output.getvalue()


@pytest.mark.django_db
def test_a_healthy_server_passes_every_probe() -> None:
    lines = doctor().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "database"],
        ["ok", "storage"],
        ["ok", "codecs"],
        ["ok", "worker"],
    ]


@pytest.mark.django_db
def test_a_missing_migration_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'processing'")
    with pytest.raises(CommandError, match="not healthy: database"):
        doctor()


@pytest.mark.django_db
def test_a_storage_that_cannot_be_written_is_found(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("")
    broken = settings.STORAGES["workspace"] | {"OPTIONS": {"location": tmp_path / "file"}}
    settings.STORAGES = settings.STORAGES | {"workspace": broken}
    with pytest.raises(CommandError, match="not healthy: storage"):
        doctor()
