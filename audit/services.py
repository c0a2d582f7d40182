"""Writing the audit log."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

from audit import context
from audit.models import AuditEntry

_TARGETS: Final = (
    ("USER_", "user"),
    ("LOGIN", "user"),
    ("PASSWORD", "user"),
    ("LOGOUT", "user"),
    ("API_KEY", "api_key"),
    ("FILE", "file"),
    ("ROLE", "role"),
    ("SETTINGS", "setting"),
    ("TEAM", "team"),
    ("BRANDING", "branding"),
    ("SESSION", "session"),
    ("AUDIT", "audit"),
    ("TOOL", "tool"),
    ("JOB", "job"),
    ("PIPELINE", "pipeline"),
)
TARGET_TYPES: Final = sorted({kind for _, kind in _TARGETS})
_MARKUP = str.maketrans("", "", "<>&\"'\0")
NAME_LENGTH: Final = 200
NOBODY: Final = "system"


def record(
    action: str,
    *,
    target_type: str | None = None,
    target_id: object = None,
    details: dict[str, Any] | None = None,
    actor: Any = None,
) -> AuditEntry:
    """Append an entry, in the caller's transaction: it is there exactly when what it tells of happened.

    The actor is the user of the request unless given; address and request id come from the request. Call it
    last in the transaction: from here to the commit no other transaction can record.
    """
    where = context.current()
    actor = actor or where.actor
    details = details or {}
    target_id = target_id or details.get("targetUserId") or details.get("keyId")
    return AuditEntry.objects.create(
        user=actor if actor and _is_there(actor) else None,
        action=action,
        details=details or None,
        actor_id=actor.pk if actor else None,
        actor_username=actor.username if actor else details.get("username") or NOBODY,
        target_type=target_type or _target_type(action),
        target_id=str(target_id) if target_id else None,
        ip_address=where.ip_address,
        request_id=where.request_id,
    )


def _is_there(actor: Any) -> bool:
    """Whether the actor's row exists; if so it stays until the transaction ends.

    The foreign key would lock the row too, but at the commit, with the log locked already. Who deletes a user
    locks the row first and the log last: each would wait for the other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM users WHERE id = %s FOR KEY SHARE", [actor.pk])
        return cursor.fetchone() is not None


def attempted_name(name: str) -> str:
    """A name as somebody typed it, safe to show: without markup and not longer than NAME_LENGTH."""
    return name.translate(_MARKUP)[:NAME_LENGTH]


def _target_type(action: str) -> str | None:
    return next((kind for prefix, kind in _TARGETS if action.startswith(prefix)), None)
