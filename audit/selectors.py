"""Reading the audit log."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

from audit.chain import FIELDS, Entry

_TEXT = {
    "created_at": """to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "ip_address": "host(ip_address)",
}
_COLUMNS = (*FIELDS, "hash")
_CHAIN_SQL = "SELECT {} FROM audit_log ORDER BY audit_log.seq".format(  # noqa: S608  our own column names
    ", ".join(_TEXT.get(column, f"{column}::text") for column in _COLUMNS)
)


def chain_entries(*, chunk: int = 2000) -> Iterator[Entry]:
    """Every entry in the text form that `audit.chain` hashes, oldest first, without loading all of them."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_CHAIN_SQL)
        while rows := cursor.fetchmany(chunk):
            for row in rows:
                yield dict(zip(_COLUMNS, row, strict=True))
