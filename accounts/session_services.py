"""What ends sessions one by one: by their user, and by a limit on how many a user may have."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from django.db import transaction

from accounts.authority import hold
from accounts.models import Session, User
from audit.services import record
from snapotter.common.errors import NotFound
from snapotter.runtime import store
from snapotter.runtime.registry import MAX_SESSIONS_PER_USER

HANDLE_LENGTH: Final = 16


def session_handle(session_id: str) -> str:
    """What names a session where it is shown: its id is a secret, whoever has it is signed in."""
    return sha256(session_id.encode()).hexdigest()[:HANDLE_LENGTH]


def session_end(*, user: User, handle: str) -> None:
    """End a session of one's own. Raises NotFound, also for the session of somebody else."""
    own = Session.objects.filter(user=user).values_list("id", flat=True)
    session_id = next((id for id in own if session_handle(id) == handle), None)
    with transaction.atomic():
        hold(user)
        ended, _ = Session.objects.filter(id=session_id, user=user).delete()
        if not ended:
            raise NotFound("There is no such session")
        _record("SESSION_ENDED", user, handle=handle)


def sessions_end_others(*, user: User) -> int:
    """End every session of one's own but the presented one; how many those were."""
    with transaction.atomic():
        hold(user)
        others = Session.objects.filter(user=user).exclude(id=user.credential.session_id or "")
        ended, _ = others.delete()
        if ended:
            _record("SESSIONS_ENDED", user, count=ended)
    return ended


def oldest_sessions_end(*, user: User) -> int:
    """Keep the newest `maxSessionsPerUser` sessions; how many ended.

    Only in a transaction that holds the user's row: sign-ins of one user come one after another.
    """
    most = store.get(MAX_SESSIONS_PER_USER)
    if not most:
        return 0
    beyond = Session.objects.filter(user=user).order_by("-created_at", "id").values("id")[most:]
    ended, _ = Session.objects.filter(id__in=beyond).delete()
    return ended


def _record(action: str, user: User, **told: str | int) -> None:
    details = {"userId": str(user.pk), **told}
    record(action, actor=user, target_type="user", target_id=user.pk, details=details)
