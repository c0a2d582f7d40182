"""Old entries go from the beginning, and the rest can still be verified."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from audit.errors import LogBroken
from audit.models import AuditEntry
from audit.retention import audit_prune, prunable
from audit.services import record
from audit.signing import public_key
from audit.snapshot import log_head
from audit.tests.tampering import behind_its_back, edit, exported_findings, findings, sql
from snapotter.runtime import store

pytestmark = pytest.mark.django_db
LONG_SECONDS = 3600.0


def keep(days: int) -> None:
    store.forget()
    store.remember({"auditRetentionDays": str(days)}, LONG_SECONDS)


def days_ago(days: float, action: str) -> AuditEntry:
    moment = timezone.now() - timedelta(days=days)
    entry = AuditEntry.objects.create(action=action, actor_username="x", created_at=moment)
    entry.refresh_from_db()
    return entry


def checkpoint() -> dict[str, Any]:
    """The details of the newest one."""
    entry = AuditEntry.objects.filter(action="AUDIT_PRUNED").order_by("-seq")[0]
    return dict(entry.details or {})


def left() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


@pytest.fixture(params=["database", "export"])
def verified(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., list[str]]:
    if request.param == "database":
        return findings
    return lambda *known: exported_findings(tmp_path / "log.jsonl", *known)


@pytest.fixture
def week() -> list[AuditEntry]:
    """Seven entries, the oldest seven days old."""
    return [days_ago(days, f"DAY_{days}") for days in range(7, 0, -1)]


def test_without_a_limit_all_stay(week: list[AuditEntry]) -> None:
    keep(0)
    assert (prunable(), audit_prune()) == (0, 0)
    assert len(left()) == 7


def test_what_is_older_goes_and_the_rest_verifies(
    week: list[AuditEntry], verified: Callable[..., list[str]]
) -> None:
    keep(3)
    assert prunable() == 5
    assert audit_prune() == 5
    assert left() == ["DAY_2", "DAY_1", "AUDIT_PRUNED"]
    assert verified() == []


def test_the_checkpoint_says_what_went(week: list[AuditEntry]) -> None:
    keep(3)
    audit_prune()
    entry = AuditEntry.objects.get(action="AUDIT_PRUNED")
    details = checkpoint()
    assert details.pop("signature")
    assert details.pop("createdAt").startswith(week[4].created_at.date().isoformat())
    assert details == {
        "seq": week[4].seq,
        "hash": week[4].hash,
        "removed": 5,
        "entries": 5,
        "publicKey": public_key(),
    }
    assert (entry.actor_username, entry.target_type) == ("system", "audit")


def test_it_verifies_after_several_cuts(week: list[AuditEntry], verified: Callable[..., list[str]]) -> None:
    for days in (6, 4, 2):
        keep(days)
        audit_prune()
        assert verified() == []
    assert left() == ["DAY_1", *["AUDIT_PRUNED"] * 3]
    assert checkpoint()["entries"] == 6


def test_it_verifies_when_a_checkpoint_is_cut_away_itself(verified: Callable[..., list[str]]) -> None:
    days_ago(9, "A")
    days_ago(8, "B")
    keep(1)
    audit_prune()
    with behind_its_back():  # as if that had been done five days ago
        sql("UPDATE audit_log SET created_at = created_at - interval '5 days'")
        sql("UPDATE audit_log SET hash = audit_log_hash(audit_log) WHERE action = 'B'")
        sql(
            "UPDATE audit_log SET prev_hash = (SELECT hash FROM audit_log WHERE action = 'B')"
            " WHERE action = 'AUDIT_PRUNED'"
        )
        sql("UPDATE audit_log SET hash = audit_log_hash(audit_log) WHERE action = 'AUDIT_PRUNED'")
        sql("UPDATE audit_head SET hash = (SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1)")
    assert verified() == []
    days_ago(0, "C")
    assert audit_prune() == 2
    assert left() == ["C", "AUDIT_PRUNED"]
    assert verified() == []


def test_nothing_to_do_leaves_no_checkpoint(week: list[AuditEntry]) -> None:
    keep(3)
    audit_prune()
    assert audit_prune() == 0
    assert left().count("AUDIT_PRUNED") == 1


def test_the_newest_entry_stays_however_old(verified: Callable[..., list[str]]) -> None:
    for action in "ABC":
        days_ago(100, action)
    keep(1)
    assert audit_prune() == 2
    assert left() == ["C", "AUDIT_PRUNED"]
    assert verified() == []


def test_an_old_entry_after_a_young_one_stays(verified: Callable[..., list[str]]) -> None:
    """A clock may be set back: only a beginning can go."""
    for days, action in ((9, "A"), (0, "B"), (9, "C")):
        days_ago(days, action)
    keep(1)
    assert audit_prune() == 1
    assert left() == ["B", "C", "AUDIT_PRUNED"]
    assert verified() == []


def test_an_empty_log_has_nothing_to_lose() -> None:
    keep(1)
    assert (prunable(), audit_prune()) == (0, 0)


def test_a_plain_deletion_stays_refused_before_and_after(week: list[AuditEntry]) -> None:
    keep(3)
    for _ in range(2):
        with pytest.raises(IntegrityError, match="DELETE is refused"), transaction.atomic():
            AuditEntry.objects.all().delete()
        audit_prune()


def test_no_more_can_be_deleted_than_was_said(week: list[AuditEntry]) -> None:
    sql("SELECT set_config('snapotter.audit_prune_through', %s, true)", str(week[2].seq))
    with pytest.raises(IntegrityError, match="DELETE is refused"), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_a_deletion_that_names_the_cut_but_signs_nothing_is_found(
    week: list[AuditEntry], verified: Callable[..., list[str]]
) -> None:
    sql("SELECT set_config('snapotter.audit_prune_through', %s, true)", str(week[2].seq))
    sql("DELETE FROM audit_log WHERE seq <= %s", week[2].seq)
    assert verified()[0] == f"entry {week[3].seq} follows entries that are missing, without a checkpoint"


def test_more_deleted_than_the_checkpoint_says_is_found(
    week: list[AuditEntry], verified: Callable[..., list[str]]
) -> None:
    keep(4)
    audit_prune()
    with behind_its_back():
        sql("DELETE FROM audit_log WHERE seq <= %s", week[5].seq)
    assert verified()[0] == f"entry {week[6].seq} follows entries that are missing, without a checkpoint"


def test_a_deleted_checkpoint_is_found(week: list[AuditEntry], verified: Callable[..., list[str]]) -> None:
    keep(4)
    audit_prune()
    record("LATER")
    with behind_its_back():
        sql("DELETE FROM audit_log WHERE action = 'AUDIT_PRUNED'")
    assert len(verified()) >= 2


FORGERIES: dict[str, Callable[[dict[str, Any], AuditEntry], dict[str, Any]]] = {
    "another place": lambda told, entry: {"seq": entry.seq, "hash": entry.hash},
    "another number": lambda told, entry: {"entries": told["entries"] + 1},
    "no signature": lambda told, entry: {"signature": ""},
    "a signature of something else": lambda told, entry: {"signature": told["signature"][::-1]},
    "another key": lambda told, entry: {"publicKey": "A" * 43 + "="},
    "text for a number": lambda told, entry: {"entries": str(told["entries"])},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_checkpoint_is_found(
    week: list[AuditEntry], verified: Callable[..., list[str]], forgery: str
) -> None:
    keep(4)
    audit_prune()
    told = checkpoint()
    sql("SELECT set_config('snapotter.audit_prune_through', %s, true)", str(week[5].seq))
    sql("DELETE FROM audit_log WHERE seq <= %s", week[5].seq)
    record("AUDIT_PRUNED", details=told | FORGERIES[forgery](told, week[5]))
    found = verified()
    assert found[0].startswith(f"entry {log_head().seq} ")
    assert "follows entries that are missing" in found[1]


@pytest.mark.parametrize("details", [None, {}, {"seq": "x"}, {"seq": None}])
def test_an_entry_that_only_looks_like_a_checkpoint_is_found(
    week: list[AuditEntry], verified: Callable[..., list[str]], details: dict[str, object] | None
) -> None:
    entry = record("AUDIT_PRUNED", details=details)
    assert [found.partition(":")[0] for found in verified()] == [f"entry {entry.seq} is no checkpoint"]


def test_a_checkpoint_of_another_installation_is_found(
    week: list[AuditEntry], verified: Callable[..., list[str]], settings: Settings
) -> None:
    keep(4)
    audit_prune()
    former = public_key()
    settings.SECRET_KEY = "x" * 50
    assert verified() != []
    with pytest.raises(CommandError):
        call_command("audit_verify")
    call_command("audit_verify", "--public-key", former)


def test_a_broken_beginning_is_not_swept_away(week: list[AuditEntry]) -> None:
    with behind_its_back():
        edit(week[1].seq, "actor_username = 'mallory'")
    keep(3)
    with pytest.raises(LogBroken):
        audit_prune()
    with pytest.raises(CommandError, match="audit_verify"):
        call_command("audit_prune")
    assert len(left()) == 7


def test_a_beginning_that_somebody_deleted_is_not_accounted_for(week: list[AuditEntry]) -> None:
    with behind_its_back():
        sql("DELETE FROM audit_log WHERE seq = %s", week[0].seq)
    keep(3)
    with pytest.raises(LogBroken):
        audit_prune()
    assert findings()[0] == f"entry {week[1].seq} follows entries that are missing, without a checkpoint"


@pytest.mark.parametrize("place", [5, 6])
def test_a_break_in_what_stays_stays_to_be_found(week: list[AuditEntry], place: int) -> None:
    with behind_its_back():
        sql("DELETE FROM audit_log WHERE seq = %s", week[place].seq)
    keep(3)
    audit_prune()
    assert findings()[-1].endswith("entries, there are 2")


def test_a_pruned_entry_that_was_known_is_not_missed(
    week: list[AuditEntry], verified: Callable[..., list[str]]
) -> None:
    known = log_head()
    days_ago(0, "LATER")
    keep(1)
    audit_prune()
    assert verified(known) == []


def test_the_lock_of_the_chain_is_taken_after_the_deletion(week: list[AuditEntry]) -> None:
    """Whoever signs in while a million entries are deleted must not wait for that."""
    keep(3)
    order: list[str] = []

    def watch(execute, statement, parameters, many, wrapped):  # type: ignore[no-untyped-def]
        order.append(statement)
        return execute(statement, parameters, many, wrapped)

    with connection.execute_wrapper(watch):
        audit_prune()
    deletion = next(place for place, statement in enumerate(order) if statement.startswith("DELETE"))
    insertion = next(
        place for place, statement in enumerate(order) if statement.startswith('INSERT INTO "audit_log"')
    )
    assert deletion < insertion


def test_the_command_prunes(week: list[AuditEntry], capsys: pytest.CaptureFixture[str]) -> None:
    keep(3)
    call_command("audit_prune", "--dry-run")
    assert "5 entries would be removed" in capsys.readouterr().out
    assert len(left()) == 7
    call_command("audit_prune")
    assert "5 entries were removed" in capsys.readouterr().out
    assert len(left()) == 3


def test_the_command_prints_the_public_key(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_public_key")
    assert capsys.readouterr().out.strip() == public_key()
