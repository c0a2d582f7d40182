"""Recording, exporting, verifying and pruning at the same time, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.tests.races import together
from audit.models import AuditEntry
from audit.retention import audit_prune
from audit.services import record
from audit.tests.tampering import exported_findings, findings, sql
from snapotter.runtime import store

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def others_recording() -> Iterator[None]:
    """Two writers that record all the time."""
    enough = Event()

    def write() -> None:
        while not enough.is_set():
            with transaction.atomic():
                record("A", details={"text": "x" * 100})
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write) for _ in range(2)]
        try:
            yield
        finally:
            enough.set()
        for writer in writers:
            writer.result()


def old_entries(count: int) -> None:
    moment = timezone.now() - timedelta(days=9)
    AuditEntry.objects.bulk_create(
        AuditEntry(action="OLD", actor_username="x", created_at=moment) for _ in range(count)
    )
    record("YOUNG")
    store.remember({"auditRetentionDays": "1"}, 3600.0)


def test_a_log_that_grows_is_whole_at_every_moment(tmp_path: Path) -> None:
    old_entries(50)
    looks: list[Callable[[], Any]] = [findings, lambda: exported_findings(tmp_path / "log.jsonl")]
    with others_recording():
        assert [look() for look in looks * 5] == [[]] * 10


def test_a_log_that_is_pruned_is_whole_at_every_moment() -> None:
    old_entries(500)
    with others_recording(), ThreadPoolExecutor(1) as pool:
        pruning = pool.submit(lambda: together(audit_prune))
        while not pruning.done():
            assert findings() == []
    assert pruning.result() == [500]
    assert findings() == []


def test_two_who_prune_at_once_do_it_once() -> None:
    old_entries(20)
    assert sorted(map(str, together(audit_prune, audit_prune))) == ["20", "done"]
    assert AuditEntry.objects.filter(action="AUDIT_PRUNED").count() == 1
    assert findings() == []


def test_nobody_waits_with_an_entry_for_a_deletion_in_progress() -> None:
    old_entries(5)
    with transaction.atomic():
        sql("SELECT set_config('snapotter.audit_prune_through', %s, true)", str(2**40))
        sql("DELETE FROM audit_log")
        assert together(lambda: record("MEANWHILE").action) == ["MEANWHILE"]
        transaction.set_rollback(True)
    assert findings() == []
