"""What somebody with the rights of the database owner can do, and what the verifiers find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.db import connection, transaction

from audit.chain import Export, Point, verify
from audit.export import audit_export
from audit.selectors import entries, filters_of
from audit.signing import own_signatures
from audit.snapshot import snapshot

UNLINKED = "does not follow the entry before it: one is missing, moved or changed"


def sql(statement: str, *parameters: Any, **named: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, named or parameters or None)


def edit(seq: int, assignment: str) -> None:
    sql(f"UPDATE audit_log SET {assignment} WHERE seq = %s", seq)  # noqa: S608  our own


@contextmanager
def behind_its_back() -> Iterator[None]:
    """No trigger fires."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("audit_log", "audit_head"):
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in ("audit_log", "audit_head"):
        sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def recompute_from(seq: int) -> None:
    """Every hash from `seq` on, and the head: what a thorough forger does."""
    sql(
        """
        DO $$
        DECLARE
            entry audit_log;
            last text := coalesce(
                (SELECT hash FROM audit_log WHERE seq < %s ORDER BY seq DESC LIMIT 1), repeat('0', 64));
        BEGIN
            FOR entry IN SELECT * FROM audit_log WHERE seq >= %s ORDER BY seq LOOP
                entry.prev_hash := last;
                last := audit_log_hash(entry);
                UPDATE audit_log SET prev_hash = entry.prev_hash, hash = last WHERE seq = entry.seq;
            END LOOP;
            UPDATE audit_head SET hash = last,
                seq = (SELECT max(seq) FROM audit_log), entries = (SELECT count(*) FROM audit_log);
        END $$
        """.replace("%s", str(seq))
    )


def findings(*known: Point) -> list[str]:
    """What the verifier of the database finds."""
    with snapshot() as (head, rows):
        return [str(found) for found in verify(rows, head, own_signatures(), known)]


def export_to(path: Path, query: Mapping[str, str] = MappingProxyType({})) -> Path:
    """A JSON Lines file of what a query selects."""
    with path.open("wb") as file, transaction.atomic():
        audit_export(file.write, format="jsonl", rows=entries(query), filters=filters_of(query))
        transaction.set_rollback(True)  # the log stays as it was for the next look at it
    return path


def file_findings(path: Path, *known: Point) -> list[str]:
    """What the verifier of exported files finds."""
    with path.open("rb") as file:
        return [str(found) for found in Export(file, own_signatures(), known).breaks()]


def exported_findings(path: Path, *known: Point) -> list[str]:
    return file_findings(export_to(path), *known)
