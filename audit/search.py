"""Finding entries of the audit log by what people have at hand."""

from __future__ import annotations

from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from audit.models import AuditEntry
from audit.selectors import is_address
from snapotter.common.ids import parse_uuid

# From one action to the next in the index: DISTINCT would read every row
_ACTIONS: Final = """
WITH RECURSIVE found AS (
  (SELECT action FROM audit_log ORDER BY action LIMIT 1)
  UNION ALL
  SELECT (SELECT action FROM audit_log WHERE action > found.action ORDER BY action LIMIT 1)
  FROM found WHERE action IS NOT NULL
)
SELECT action FROM found WHERE action IS NOT NULL
"""


def recorded_actions() -> list[str]:
    """Each action that an entry has, in alphabetical order."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIONS)
        return [action for (action,) in cursor.fetchall()]


def matching(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """By an address, by the id of actor, target or request, else by part of the actor's name."""
    text = text.strip()
    if is_address(text):
        return rows.filter(ip_address=text)
    id = parse_uuid(text)
    if id is None:
        return rows.filter(actor_username__icontains=text)
    return rows.filter(Q(actor_id=id) | Q(target_id=str(id)) | Q(request_id=id))
