"""Removing the oldest entries of the audit log, so that the rest can still be verified."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from audit.chain import PRUNED, Break, Log, checkpoint_message
from audit.errors import LogBroken
from audit.models import AuditEntry
from audit.services import record
from audit.signing import own_signatures, public_key, sign
from audit.snapshot import snapshot
from snapotter.common.locks import transaction_lock
from snapotter.runtime import store
from snapotter.runtime.registry import AUDIT_RETENTION_DAYS


def prunable() -> int:
    """How many entries `audit_prune` would remove now."""
    last = _last_to_go()
    return AuditEntry.objects.filter(seq__lte=last.seq).count() if last else 0


def audit_prune(*, former_keys: tuple[str, ...] = ()) -> int:
    """Remove what is older than the setting `auditRetentionDays`; returns how many. 0 days keep all.

    Only the beginning of the chain goes: the entries before the first one that is young enough, and never the
    newest one. A signed checkpoint, the entry AUDIT_PRUNED, stands in for them. So they are verified first:
    raises LogBroken, because retention must not destroy the traces of a tampering. Others record meanwhile:
    the lock of the chain is taken after the deletion, with the checkpoint.
    """
    with transaction.atomic():
        transaction_lock("snapotter.audit_prune")
        last = _last_to_go()
        if last is None:
            return 0
        log = Log(own_signatures(*former_keys))
        if any(_breaks_through(last.seq, log)):
            raise LogBroken
        _delete_through(last.seq)
        _checkpoint(last, log)
    return log.count


def _last_to_go() -> AuditEntry | None:
    days = store.get(AUDIT_RETENTION_DAYS)
    if days == 0:
        return None
    rows = AuditEntry.objects.order_by("seq")
    young = Q(created_at__gte=timezone.now() - timedelta(days=days))
    first_to_stay = rows.filter(young).first() or rows.last()
    return rows.filter(seq__lt=first_to_stay.seq).last() if first_to_stay else None


def _breaks_through(seq: int, log: Log) -> Iterator[Break]:
    """In what is to go; what went before may be accounted for by an entry that stays."""
    with snapshot(AuditEntry.objects.filter(Q(seq__lte=seq) | Q(action=PRUNED))) as (_, entries):
        for entry in entries:
            follow = log.follow if int(entry["seq"] or 0) <= seq else log.checkpoint
            yield from follow(entry)
    yield from log.end(None)


def _delete_through(seq: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('snapotter.audit_prune_through', %s, true)", [str(seq)])
        cursor.execute("DELETE FROM audit_log WHERE seq <= %s", [seq])
        cursor.execute("SELECT set_config('snapotter.audit_prune_through', '', true)")


def _checkpoint(last: AuditEntry, log: Log) -> None:
    entries = log.removed + log.count
    details = {
        "seq": last.seq,
        "hash": last.hash,
        "createdAt": last.created_at.isoformat(),
        "removed": log.count,
        "entries": entries,
        "publicKey": public_key(),
        "signature": sign(checkpoint_message(last.seq, last.hash, entries)),
    }
    record(PRUNED, details=details)
