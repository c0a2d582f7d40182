"""Is whoever is answered at length still let in: asked again and again while the answer goes on."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.admission import Credential
from accounts.credentials import key_refusal, lay_idle, user_by_key, user_by_session
from accounts.models import ApiKey, Session, User


def readmitted(callers: Mapping[Credential, User]) -> dict[Credential, User]:
    """Those of `callers` whose credential still lets somebody in, with the users as they are now.

    Two queries at most. Asking is no activity: it keeps no session from lying idle.
    """
    found = (
        {} if settings.AUTH_ENABLED else {each: user for each, user in callers.items() if not _is_held(each)}
    )
    by_session = _by_session([each.session_id for each in callers if each.session_id])
    by_key = _by_key([each.key_id for each in callers if each.key_id])
    for each in callers:
        user = by_session.get(each.session_id) or by_key.get(each.key_id)
        if user is not None:
            found[each] = user
    return found


def _is_held(credential: Credential) -> bool:
    return credential.session_id is not None or credential.key_id is not None


def _by_session(ids: list[str]) -> dict[str | None, User]:
    if not ids:
        return {}
    now = timezone.now()
    rows = Session.objects.select_related("user__role").filter(id__in=ids, expires_at__gt=now)
    return {row.id: user_by_session(row) for row in rows if _lets_in(row.user) and not lay_idle(row, now)}


def _lets_in(user: User) -> bool:
    return user.is_active and not user.password_change_pending


def _by_key(ids: list[UUID]) -> dict[UUID | None, User]:
    if not ids:
        return {}
    now = timezone.now()
    rows = ApiKey.objects.select_related("user__role").filter(id__in=ids)
    return {row.id: user_by_key(row) for row in rows if key_refusal(row, now) is None}
