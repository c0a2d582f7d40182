"""Both verifiers find what was done to the log behind its back: of the database, and of an exported file."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from audit.chain import GENESIS, Point
from audit.models import AuditEntry, AuditHead
from audit.services import record
from audit.snapshot import log_head
from audit.tests.tampering import (
    UNLINKED,
    behind_its_back,
    edit,
    exported_findings,
    findings,
    recompute_from,
    sql,
)

pytestmark = pytest.mark.django_db

Verifier = Callable[..., list[str]]


@pytest.fixture(params=["database", "export"])
def verified(request: pytest.FixtureRequest, tmp_path: Path) -> Verifier:
    """What one of the two verifiers finds."""
    if request.param == "database":
        return findings
    return lambda *known: exported_findings(tmp_path / "log.jsonl", *known)


@pytest.fixture
def four() -> list[AuditEntry]:
    return [
        record(f"ROLE_{name}", target_id=name, details={"größe": number, "a": None})
        for number, name in enumerate("ABCD")
    ]


def test_an_untouched_log_is_whole(four: list[AuditEntry], verified: Verifier) -> None:
    assert verified() == []


def test_an_empty_log_is_whole(verified: Verifier) -> None:
    assert verified() == []


def test_each_entry_follows_the_one_before(four: list[AuditEntry]) -> None:
    rows = list(AuditEntry.objects.order_by("seq"))
    assert [row.prev_hash for row in rows] == [GENESIS, *(row.hash for row in rows[:-1])]


def test_one_statement_with_many_rows_is_chained_too(four: list[AuditEntry], verified: Verifier) -> None:
    AuditEntry.objects.bulk_create([AuditEntry(action=name, actor_username="x") for name in "ABCDE"])
    assert verified() == []
    assert AuditHead.objects.get().entries >= 9


def test_a_statement_that_adds_nothing_leaves_the_head(four: list[AuditEntry]) -> None:
    before = log_head()
    sql(
        "INSERT INTO audit_log (id, action, actor_username) SELECT id, action, 'x' FROM audit_log WHERE false"
    )
    assert log_head() == before


def test_the_hash_is_what_the_documentation_says() -> None:
    """Written out by hand, so that code and documentation cannot drift apart together."""
    moment, actor, request = "2026-01-02T03:04:05.000006Z", uuid.UUID(int=1), uuid.UUID(int=2)
    entry = AuditEntry.objects.create(
        id=uuid.UUID(int=3),
        created_at=moment,
        action="LOGIN_SUCCESS",
        actor_id=actor,
        actor_username="ütter",
        target_id="x",
        details={"b": 1, "aa": "é"},
        ip_address="2001:db8::1",
        request_id=request,
    )
    entry.refresh_from_db()
    seq = str(entry.seq)
    text = (
        f"64:{GENESIS},{len(seq)}:{seq},36:{uuid.UUID(int=3)},27:{moment},13:LOGIN_SUCCESS,36:{actor},6:ütter,"
        f'-,1:x,20:{{"b": 1, "aa": "é"}},11:2001:db8::1,36:{request},'
    )
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()


EDITS = {
    "id": "gen_random_uuid()",
    "action": "'X'",
    "details": """'{"a": 2}'""",
    "created_at": "created_at + interval '1 microsecond'",
    "actor_id": "gen_random_uuid()",
    "actor_username": "'somebody else'",
    "target_type": "NULL",
    "target_id": "''",
    "ip_address": "'192.0.2.1'",
    "request_id": "gen_random_uuid()",
}


@pytest.mark.parametrize("column", EDITS)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_an_edit_is_found(four: list[AuditEntry], verified: Verifier, column: str, place: int) -> None:
    with behind_its_back():
        edit(four[place].seq, f"{column} = {EDITS[column]}")
    assert verified() == [f"entry {four[place].seq} was changed"]


@pytest.mark.parametrize("column", ["hash", "prev_hash"])
def test_an_edit_of_a_hash_is_found(four: list[AuditEntry], verified: Verifier, column: str) -> None:
    with behind_its_back():
        edit(four[1].seq, f"{column} = repeat('1', 64)")
    assert f"entry {four[1].seq} was changed" in verified()


def test_every_column_has_its_edit() -> None:
    """`user_id` is no part of the hash on purpose; `seq` and the hashes have tests of their own."""
    columns = {field.column for field in AuditEntry._meta.fields}
    assert columns - set(EDITS) == {"seq", "user_id", "hash", "prev_hash"}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_edit_that_recomputes_its_own_hash_is_found(
    four: list[AuditEntry], verified: Verifier, place: int
) -> None:
    with behind_its_back():
        edit(four[place].seq, "action = 'X'")
        sql("UPDATE audit_log SET hash = audit_log_hash(audit_log) WHERE action = 'X'")
    assert verified() == [f"entry {four[place + 1].seq} {UNLINKED}"]


def test_the_newest_entry_with_a_recomputed_hash_is_found(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        edit(four[3].seq, "action = 'X'")
        sql("UPDATE audit_log SET hash = audit_log_hash(audit_log) WHERE action = 'X'")
    assert len(verified()) == 1
    record("LATER")  # follows what the head says, so that it stays visible
    assert UNLINKED in verified()[0]


@pytest.mark.parametrize("places", [[0], [1], [3], [0, 1], [2, 3], [0, 1, 2], [0, 1, 2, 3]])
def test_a_deletion_is_found(four: list[AuditEntry], verified: Verifier, places: list[int]) -> None:
    with behind_its_back():
        AuditEntry.objects.filter(pk__in=[four[place].pk for place in places]).delete()
    found = verified()
    assert found[-1] == f"the head counts 4 entries, there are {4 - len(places)}"
    assert len(found) == 2


def test_truncate_is_found(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        sql("TRUNCATE audit_log")
    assert len(verified()) == 2


def test_a_cut_end_is_still_found_when_the_log_went_on(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        AuditEntry.objects.filter(pk=four[3].pk).delete()
    later = record("LATER")
    assert verified() == [f"entry {later.seq} {UNLINKED}", "the head counts 5 entries, there are 4"]


def swap_seq(low: int, high: int) -> None:
    sql("ALTER TABLE audit_log ALTER COLUMN seq SET GENERATED BY DEFAULT")
    sql("ALTER TABLE audit_log DROP CONSTRAINT audit_log_seq_unique")
    sql("UPDATE audit_log SET seq = %s - seq WHERE seq IN (%s, %s)", low + high, low, high)


@pytest.mark.parametrize("places", [(0, 1), (1, 3), (2, 3)])
def test_two_entries_that_swapped_places_are_found(
    four: list[AuditEntry], verified: Verifier, places: tuple[int, int]
) -> None:
    with behind_its_back():
        swap_seq(four[places[0]].seq, four[places[1]].seq)
    assert len(verified()) >= 2


def test_two_entries_that_swapped_what_they_say_are_found(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        sql(
            "UPDATE audit_log AS one SET action = other.action, target_id = other.target_id"
            " FROM audit_log AS other WHERE one.seq <> other.seq"
            " AND one.seq IN (%(low)s, %(high)s) AND other.seq IN (%(low)s, %(high)s)",
            low=four[1].seq,
            high=four[2].seq,
        )
    assert verified() == [f"entry {four[1].seq} was changed", f"entry {four[2].seq} was changed"]


def test_a_forged_entry_is_found(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        sql(
            "INSERT INTO audit_log (id, action, actor_username, prev_hash, hash)"
            " SELECT gen_random_uuid(), 'X', 'x', hash, repeat('f', 64) FROM audit_head"
        )
    assert len(verified()) == 3  # its hash, the head, the count


def test_a_replayed_entry_is_found(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        sql("ALTER TABLE audit_log DROP CONSTRAINT audit_log_chain_never_forks")
        sql(
            "INSERT INTO audit_log"
            " (id, action, actor_username, created_at, target_id, details, prev_hash, hash) SELECT"
            " gen_random_uuid(), action, actor_username, created_at, target_id, details, prev_hash, hash"
            " FROM audit_log WHERE seq = %s",
            four[1].seq,
        )
    assert len(verified()) == 4  # its place, its hash, the head, the count


def test_a_head_that_is_gone_is_found(four: list[AuditEntry], verified: Verifier) -> None:
    with behind_its_back():
        sql("DELETE FROM audit_head")
    assert len(verified()) == 2
    record("LATER")  # begins a new head, which knows of one entry alone
    assert verified() == ["the head counts 1 entries, there are 5"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_head VALUES (1, 1, repeat('0', 64), 1)",
        "UPDATE audit_head SET entries = 0",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
    ],
)
def test_the_head_cannot_be_changed_by_hand(four: list[AuditEntry], statement: str) -> None:
    sql("ALTER TABLE audit_head ENABLE TRIGGER audit_head_no_truncate")
    with pytest.raises(IntegrityError, match="is refused"):
        sql(statement)


def test_a_log_rewritten_to_its_end_is_found_by_what_was_known_before(
    four: list[AuditEntry], verified: Verifier
) -> None:
    known = log_head()
    with behind_its_back():
        edit(four[1].seq, "actor_username = 'mallory'")
        recompute_from(four[1].seq)
    assert verified() == []
    assert verified(known) == [
        f"entry {known.seq} is not the one known from elsewhere: the log was rewritten"
    ]


def test_a_log_cut_together_with_its_head_is_found_by_what_was_known_before(
    four: list[AuditEntry], verified: Verifier
) -> None:
    known = log_head()
    with behind_its_back():
        AuditEntry.objects.filter(pk=four[3].pk).delete()
        recompute_from(four[0].seq)
    assert verified() == []
    assert verified(known) == [
        f"entry {known.seq} is missing, known from elsewhere with the hash {known.hash}"
    ]


def test_a_log_that_went_on_still_holds_what_was_known(four: list[AuditEntry], verified: Verifier) -> None:
    known = log_head()
    record("LATER")
    assert verified(known, Point(0, GENESIS)) == []


def test_a_number_cannot_be_chosen(four: list[AuditEntry]) -> None:
    with pytest.raises(IntegrityError, match="comes after"):
        sql(
            "INSERT INTO audit_log (id, seq, action, actor_username) OVERRIDING SYSTEM VALUE"
            " VALUES (gen_random_uuid(), 0, 'X', 'x')"
        )


def test_entries_come_in_the_order_of_numbers_not_of_digits(verified: Verifier) -> None:
    for _ in range(120):  # passes from 9 to 10 or from 99 to 100, wherever the numbers begin
        record("A")
    assert verified() == []


def test_the_head_is_of_the_moment_of_the_entries(four: list[AuditEntry]) -> None:
    assert findings() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash, entries FROM audit_head")
        head = log_head()
        assert cursor.fetchone() == (head.seq, head.hash, head.entries)


def test_the_command_says_that_the_log_is_whole(
    four: list[AuditEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_verify")
    assert str(log_head()) in capsys.readouterr().out


def test_the_command_fails_on_a_broken_log(
    four: list[AuditEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    with behind_its_back():
        AuditEntry.objects.filter(pk=four[1].pk).update(details=None)
    with pytest.raises(CommandError, match="1 finding"):
        call_command("audit_verify")
    assert f"entry {four[1].seq} was changed" in capsys.readouterr().err


def test_the_command_compares_with_a_head_noted_before(four: list[AuditEntry]) -> None:
    call_command("audit_verify", "--head", str(log_head()))
    with pytest.raises(CommandError, match="1 finding"):
        call_command("audit_verify", "--head", f"{four[0].seq}:{'0' * 64}")
    with pytest.raises(CommandError, match="--head"):
        call_command("audit_verify", "--head", "nonsense")
