"""The audit log at one moment, in the form that `audit.chain` verifies."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain, islice
from typing import Final, cast

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from audit.chain import COLUMNS, GENESIS, Entry, Head
from audit.models import AuditEntry, AuditHead

CHUNK: Final = 2000
NO_HEAD: Final = Head(0, GENESIS, 0)
_TEXT = {
    "created_at": """to_char(audit_log.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "ip_address": "host(audit_log.ip_address)",
}
_AS_TEXT = {
    f"{column}_text": RawSQL(_TEXT.get(column, f"audit_log.{column}::text"), ())  # noqa: S611  our own names
    for column in COLUMNS
}
# In the statement that reads the entries, so that both are of one moment; PostgreSQL evaluates it once
_HEAD = RawSQL("SELECT concat_ws(' ', seq, hash, entries) FROM audit_head", ())


@contextmanager
def snapshot(rows: QuerySet[AuditEntry] | None = None) -> Iterator[tuple[Head, Iterator[Entry]]]:
    """The head of the log and its entries (or those of `rows`), oldest first, as they were at one moment.

    The entries are in the text form that `audit.chain` hashes, read in chunks from a server-side cursor.
    """
    rows = AuditEntry.objects.all() if rows is None else rows
    columns = rows.order_by("seq").annotate(**_AS_TEXT, head_text=_HEAD).values_list(*_AS_TEXT, "head_text")
    # The cursor must not outlive the transaction, also when somebody stops reading
    reading = cast(Generator[tuple[str, ...]], columns.iterator(chunk_size=CHUNK))
    with transaction.atomic(), closing(reading) as found:
        first = list(islice(found, 1))
        head = _head(first[0][-1]) if first else log_head()
        yield head, (dict(zip(COLUMNS, row, strict=False)) for row in chain(first, found))


def log_head() -> Head:
    """As it is now; that of an empty log when there is none."""
    row = AuditHead.objects.first()
    return Head(row.seq, row.hash, row.entries) if row else NO_HEAD


def _head(text: str | None) -> Head:
    if text is None:
        return NO_HEAD
    seq, digest, entries = text.split()
    return Head(int(seq), digest, int(entries))
