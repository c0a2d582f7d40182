"""Reading the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address

from django.db import connection, transaction
from django.db.models import QuerySet

from audit.chain import FIELDS, Entry
from audit.models import AuditEntry

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


def entries(query: Mapping[str, str]) -> QuerySet[AuditEntry]:
    """Newest first, by `action`, `from` and `to` (both inclusive) and `ip`; what is no date is ignored."""
    rows = AuditEntry.objects.order_by("-seq")
    if action := query.get("action"):
        rows = rows.none() if "\0" in action else rows.filter(action=action)
    if ip := query.get("ip"):
        rows = rows.filter(ip_address=ip) if _is_address(ip) else rows.none()
    if start := _moment(query.get("from", "")):
        rows = rows.filter(created_at__gte=start)
    if end := _end(query.get("to", "")):
        rows = rows.filter(created_at__lt=end)
    return rows


def _end(text: str) -> datetime | None:
    """The first moment that `to` excludes: a date is its whole day, a moment its whole millisecond, because
    that is all of it that an answer shows."""
    moment = _moment(text)
    try:
        return moment and moment + (timedelta(days=1) if _is_date(text) else timedelta(milliseconds=1))
    except OverflowError:
        return None


def _moment(text: str) -> datetime | None:
    """An ISO 8601 date or date and time; UTC when it names no zone."""
    try:
        if _is_date(text):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone, which the database does not know
