"""`manage.py doctor` finds what works, and names what does not."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from processing.models import Job
from processing.tests.queued import hear_of_worker


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
        ["ok", "queue"],
    ]


@pytest.mark.django_db
def test_jobs_that_nobody_will_run_are_found(alice: User) -> None:
    Job.objects.create(type="resize", user=alice, created_at=timezone.now() - timedelta(hours=3))
    hear_of_worker(ago=timedelta(minutes=2))
    with pytest.raises(CommandError, match="not healthy: queue"):
        doctor()
    hear_of_worker()
    assert "workers: 1; jobs: 0 run, 1 wait, the oldest for 3\xa0hours" in doctor()


@pytest.mark.django_db
def test_a_server_that_starts_no_worker_needs_one_elsewhere(settings: Settings) -> None:
    settings.WORKERS = 0
    with pytest.raises(CommandError, match="not healthy: queue"):
        doctor()
    hear_of_worker()
    assert "workers: 1; jobs: 0 run, 0 wait" in doctor()


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
