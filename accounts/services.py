"""What changes accounts: signing in and out, a new password, keys; each with its audit entry."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final, NoReturn
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import hashers, throttle
from accounts.authority import hold, require_live, taken_is_conflict
from accounts.credentials import key_prefix
from accounts.errors import (
    AccountDisabled,
    EscalationDenied,
    InvalidCredentials,
    KeyNotEnough,
    PasswordChanged,
    SignInDisabled,
    WrongPassword,
)
from accounts.models import ApiKey, Session, User
from accounts.passwords import MAX_LENGTH, check_strength
from accounts.permissions import effective
from accounts.session_services import oldest_sessions_end
from accounts.sessions import SessionStore
from audit.services import attempted_name, record
from snapotter.common.errors import NotFound, SnapOtterError, ValidationFailed
from snapotter.common.plain_text import has_control, is_visible

USERNAME_LENGTH: Final = 255
KEY_BYTES: Final = 48
DEFAULT_KEY_NAME: Final = "Default API Key"


def sign_in(*, username: str, password: str, session: SessionStore) -> User:
    """Check the password and begin a session of the user in `session`.

    Raises InvalidCredentials (the same, and after the same time, for an unknown user and a wrong password),
    AccountDisabled, SignInDisabled and LoginThrottled.
    """
    if not settings.AUTH_ENABLED:
        raise SignInDisabled
    throttle.admit(username)
    # Twice, because another sign-in may hash the same password anew between our check and our transaction.
    for _ in range(2):
        user, hash_again = _authenticate(username, password)
        if _begin(user, session, new_hash=make_password(password) if hash_again else user.password):
            throttle.clear(username)
            return user
    raise InvalidCredentials


def _begin(user: User, session: SessionStore, *, new_hash: str) -> bool:
    """Begin the session unless the user changed since the password was checked."""
    now = timezone.now()
    with transaction.atomic():
        # Locks the row: a password change that came first has won, one that comes now ends this session too.
        unchanged = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
        if not unchanged.update(last_login=now, password=new_hash):
            return False
        user.last_login, user.password = now, new_hash
        session.sign_in(user)
        ended = oldest_sessions_end(user=user)
        details = _who(user) | ({"endedSessions": ended} if ended else {})
        record("LOGIN_SUCCESS", actor=user, target_id=user.pk, details=details)
    return True


def _authenticate(username: str, password: str) -> tuple[User, bool]:
    """The user and whether the password must be hashed anew."""
    user = _candidate(username)
    right, hash_again = hashers.verify_password(password[:MAX_LENGTH], user.password if user else None)
    if user is None:
        _refuse(username, "unknown_user", InvalidCredentials())
    if not right or len(password) > MAX_LENGTH or "\0" in password:
        _refuse(username, "bad_password", InvalidCredentials())
    if not user.is_active:
        _refuse(username, "disabled_user", AccountDisabled())
    return user, hash_again


def _candidate(username: str) -> User | None:
    if len(username) > USERNAME_LENGTH or "\0" in username:
        return None
    return User.objects.select_related("role", "team").filter(username=username).first()


def _refuse(username: str, reason: str, error: SnapOtterError) -> NoReturn:
    record("LOGIN_FAILED", details={"username": attempted_name(username), "reason": reason})
    raise error


def sign_out(*, user: User, session_id: str) -> None:
    """End one session. Ending what has ended already is no error and leaves no entry."""
    with transaction.atomic():
        hold(user)
        ended, _ = Session.objects.filter(id=session_id, user=user).delete()
        if ended:
            record("LOGOUT", actor=user, target_id=user.pk, details={"userId": str(user.pk)})


def change_password(*, user: User, current: str, new: str) -> None:
    """Set a password of one's own. Ends every other session and deletes all keys of the user.

    Raises KeyNotEnough, ValidationFailed (weak), WrongPassword, PasswordChanged (somebody was faster).
    """
    if user.credential.kind == "api_key":
        raise KeyNotEnough
    check_strength(new)
    if not hashers.verify_password(current[:MAX_LENGTH], user.password)[0]:
        details = _who(user) | {"reason": "wrong_password"}
        record("PASSWORD_CHANGE_FAILED", actor=user, target_id=user.pk, details=details)
        raise WrongPassword
    encoded, now = make_password(new), timezone.now()
    with transaction.atomic():
        unchanged = User.objects.filter(pk=user.pk, password=user.password)
        if not unchanged.update(password=encoded, must_change_password=False, updated_at=now):
            raise PasswordChanged
        Session.objects.filter(user=user).exclude(id=user.credential.session_id or "").delete()
        ApiKey.objects.filter(user=user).delete()
        record("PASSWORD_CHANGED", actor=user, target_id=user.pk, details=_who(user))


def api_key_create(
    *,
    user: User,
    name: str = "",
    permissions: list[str] | None = None,
    expires_at: datetime | None = None,
    key_id: UUID | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is the key itself, which is kept nowhere.

    No `permissions` (or an empty list) means everything the role may; with a `key_id`, asking twice makes no
    second key. Raises ValidationFailed for a permission the caller lacks and for a name that nobody can read,
    EscalationDenied for more than the presented key may, Conflict for a `key_id` that is taken.
    """
    _check_grant(user, permissions or None, expires_at)
    name = _key_name(name)
    key = f"si_{secrets.token_hex(KEY_BYTES)}"
    row = ApiKey(
        id=key_id or uuid4(),
        user=user,
        key_hash=hashers.hash_key(key),
        key_prefix=key_prefix(key),
        name=name,
        permissions=permissions or None,
        expires_at=expires_at,
    )
    with transaction.atomic():
        require_live(user)
        with taken_is_conflict("This key was created already"):
            row.save(force_insert=True)
        details = {"userId": str(user.pk), "keyId": str(row.pk), "keyName": row.name}
        record("API_KEY_CREATED", actor=user, details=details)
    return row, key


def _key_name(name: str) -> str:
    name = name.strip() or DEFAULT_KEY_NAME
    if has_control(name) or not is_visible(name):
        raise ValidationFailed("The name of a key has visible characters, and none for control")
    return name


def _check_grant(user: User, permissions: list[str] | None, expires_at: datetime | None) -> None:
    credential = user.credential
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationFailed("expiresAt must be in the future")
    lacking = set(permissions or ()) - effective(user)
    if lacking:
        raise ValidationFailed("You do not hold: " + ", ".join(sorted(lacking)))
    wider = credential.scope is not None and permissions is None
    longer = credential.expires_at is not None and (expires_at is None or expires_at > credential.expires_at)
    if wider or (credential.kind == "api_key" and longer):
        raise EscalationDenied("An API key cannot make one that may do more or lasts longer than itself.")


def api_key_delete(*, user: User, key_id: UUID) -> None:
    """Delete a key of one's own. Raises NotFound, also for the key of somebody else."""
    with transaction.atomic():
        hold(user)
        own = ApiKey.objects.filter(id=key_id, user=user)
        name = own.values_list("name", flat=True).first()
        deleted, _ = own.delete()
        if not deleted:
            raise NotFound("There is no such key")
        details = {"userId": str(user.pk), "keyId": str(key_id), "keyName": name}
        record("API_KEY_DELETED", actor=user, details=details)


def _who(user: User) -> dict[str, Any]:
    return {"userId": str(user.pk), "username": user.username}
