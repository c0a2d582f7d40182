"""Reading the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from audit.models import AuditEntry

FILTERS: Final = ("action", "from", "to", "ip")


def filters_of(query: Mapping[str, str]) -> dict[str, str]:
    """What of a query narrows down `entries`."""
    return {name: query[name] for name in FILTERS if query.get(name)}


def entries(query: Mapping[str, str]) -> QuerySet[AuditEntry]:
    """Newest first, by `action`, `from` and `to` (both inclusive) and `ip`; what is no date is ignored."""
    rows = AuditEntry.objects.order_by("-seq")
    if action := query.get("action"):
        rows = rows.none() if "\0" in action else rows.filter(action=action)
    if ip := query.get("ip"):
        rows = rows.filter(ip_address=ip) if is_address(ip) else rows.none()
    if start := moment_of(query.get("from", "")):
        rows = rows.filter(created_at__gte=start)
    if end := _end(query.get("to", "")):
        rows = rows.filter(created_at__lt=end)
    return rows


def entries_of_actor(actor_id: UUID, *, before: int | None = None) -> QuerySet[AuditEntry]:
    """What somebody did, newest first, older than the entry `before`."""
    rows = AuditEntry.objects.filter(actor_id=actor_id).order_by("-seq")
    return rows if before is None else rows.filter(seq__lt=before)


def _end(text: str) -> datetime | None:
    """The first moment that `to` excludes: a date is its whole day, a moment its whole millisecond, because
    that is all of it that an answer shows."""
    moment = moment_of(text)
    try:
        return moment and moment + (timedelta(days=1) if _is_date(text) else timedelta(milliseconds=1))
    except OverflowError:
        return None


def moment_of(text: str) -> datetime | None:
    """An ISO 8601 date or date and time, UTC when it names no zone; None for anything else."""
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


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone, which the database does not know
