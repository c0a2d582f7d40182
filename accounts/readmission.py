"""Is whoever is answered at length still let in: asked again and again while the answer goes on."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.admission import Credential
from accounts.credentials import key_refusal, lay_idle, user_by_key, user_by_session
from accounts.models import ApiKey, Session, User


def readmit(*, user: User, credential: Credential) -> User | None:
    """The user as they are now, None when the credential lets nobody in any more. One query.

    Asking is no activity: it keeps no session from lying idle.
    """
    if credential.session_id is not None:
        return _by_session(credential.session_id)
    if credential.key_id is not None:
        return _by_key(credential.key_id)
    return None if settings.AUTH_ENABLED else user


def _by_session(session_id: str) -> User | None:
    now = timezone.now()
    rows = Session.objects.select_related("user__role").filter(id=session_id, expires_at__gt=now)
    session = next(iter(rows), None)
    if session is None or lay_idle(session, now):
        return None
    is_let_in = session.user.is_active and not session.user.password_change_pending
    return user_by_session(session) if is_let_in else None


def _by_key(key_id: UUID) -> User | None:
    row = next(iter(ApiKey.objects.select_related("user__role").filter(id=key_id)), None)
    if row is None or key_refusal(row, timezone.now()) is not None:
        return None
    return user_by_key(row)
