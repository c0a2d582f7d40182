"""What `manage.py serve` does before it serves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from audit.services import record
from audit.tests.tampering import behind_its_back, edit
from snapotter.management.commands.serve import prune_audit_log
from snapotter.runtime import store

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_entries() -> list[AuditEntry]:
    store.remember({"auditRetentionDays": "1"}, 3600.0)
    long_ago = timezone.now() - timedelta(days=9)
    return [AuditEntry.objects.create(action=name, actor_username="x", created_at=long_ago) for name in "ABC"]


def test_old_audit_entries_go(old_entries: list[AuditEntry]) -> None:
    prune_audit_log()
    assert [entry.action for entry in AuditEntry.objects.all()] == ["AUDIT_PRUNED", "C"]


def test_a_broken_audit_log_is_told_and_keeps_nobody_out(
    old_entries: list[AuditEntry], caplog: pytest.LogCaptureFixture
) -> None:
    with behind_its_back():
        edit(old_entries[0].seq, "action = 'X'")
    prune_audit_log()
    assert AuditEntry.objects.count() == 3
    assert "audit_verify" in caplog.text


def test_the_head_is_noted_outside_of_the_database(caplog: pytest.LogCaptureFixture) -> None:
    entry = record("A")
    with caplog.at_level("INFO"):
        prune_audit_log()
    assert f"{entry.seq}:{AuditEntry.objects.get().hash}" in caplog.text
