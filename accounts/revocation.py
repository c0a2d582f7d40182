"""What administrators end: sessions and keys, of anybody who may do no more than they."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import CharField, F, Func, QuerySet

from accounts.authority import access_change, hold, of, require_cover
from accounts.models import ApiKey, Session, User
from accounts.session_services import HANDLE_LENGTH
from audit.services import record
from snapotter.common.errors import NotFound

_BEYOND: Final = "You cannot end what belongs to somebody who may do more than you."


def sessions_by_handle(handles: Collection[str]) -> QuerySet[Session]:
    """The sessions that `session_handle` names so, whosever they are, with user and role."""
    handle = Func(
        F("id"),
        template=f"left(encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex'), {HANDLE_LENGTH})",
        output_field=CharField(),
    )
    texts = [text for text in handles if "\0" not in text]
    named = Session.objects.alias(handle=handle).filter(handle__in=texts)
    return named.select_related("user__role").order_by("id")


def session_revoke(*, caller: User, handle: str) -> None:
    """End the session that `session_handle` names so. Raises NotFound, EscalationDenied."""
    with access_change(caller, "users:manage") as by:
        session = sessions_by_handle([handle]).first()
        if session is None:
            raise NotFound("There is no such session")
        _require_within_reach(by, session.user)
        hold(session.user)
        if Session.objects.filter(pk=session.pk).delete()[0]:  # else its user was faster
            _record("SESSION_ENDED", by, session.user, handle=handle)


def sessions_revoke(*, caller: User, user_id: UUID) -> int:
    """End all sessions of a user; how many those were. Raises NotFound, EscalationDenied."""
    with access_change(caller, "users:manage") as by:
        user = User.objects.select_related("role").filter(pk=user_id).first()
        if user is None:
            raise NotFound("There is no such user")
        _require_within_reach(by, user)
        hold(user)
        ended, _ = Session.objects.filter(user=user).delete()
        if ended:
            _record("SESSIONS_ENDED", by, user, count=ended)
    return ended


def api_key_revoke(*, caller: User, key_id: UUID) -> None:
    """Delete a key, whoever it belongs to. Raises NotFound, EscalationDenied."""
    with access_change(caller, "apikeys:all") as by:
        key = ApiKey.objects.select_related("user__role").filter(pk=key_id).first()
        if key is None:
            raise NotFound("There is no such key")
        _require_within_reach(by, key.user)
        hold(key.user)
        if ApiKey.objects.filter(pk=key_id).delete()[0]:
            details = {"userId": str(key.user.pk), "username": key.user.username, "keyId": str(key_id)}
            record("API_KEY_DELETED", actor=by, details=details | {"keyName": key.name})


def _require_within_reach(by: User, owner: User) -> None:
    require_cover(by, of(owner.role), _BEYOND)


def _record(action: str, by: User, owner: User, **told: str | int) -> None:
    details = {"targetUserId": str(owner.pk), "targetUsername": owner.username, **told}
    record(action, actor=by, target_type="user", target_id=owner.pk, details=details)
