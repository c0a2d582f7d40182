"""What administrators change about users: making, moving, resetting and deleting them."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import BigIntegerField
from django.utils import timezone

from accounts.authority import access_change, of, require_cover, taken_is_conflict
from accounts.bootstrap import ANONYMOUS_ID
from accounts.errors import LastAdmin, NotManageable, SelfDeletion, SelfDemotion, SelfReset, UserLimitReached
from accounts.models import ApiKey, Role, Session, Team, User
from accounts.passwords import check_strength
from accounts.permissions import ADMIN, USER
from accounts.selectors import default_team, team_called
from accounts.signals import user_deleted
from audit.services import record
from snapotter.common.errors import Conflict, NotFound, ValidationFailed
from snapotter.common.unchanged import UNCHANGED, Unchanged

MANAGE: Final = "users:manage"
MOST_BYTES: Final = BigIntegerField.MAX_BIGINT
_USERNAME: Final = re.compile(r"[A-Za-z0-9_.-]{3,50}")
_TAKEN: Final = "There is a user of that name already"


def user_create(
    *, caller: User, username: str, password: str, role: str | None = None, team: str | None = None
) -> User:
    """Register somebody, who must choose a new password first. An unknown role is `user`.

    Raises ValidationFailed (name, password, team), EscalationDenied, Conflict, UserLimitReached.
    """
    if not _USERNAME.fullmatch(username):
        raise ValidationFailed("A user name has 3 to 50 characters: letters, digits, _ . -")
    check_strength(password)
    encoded = make_password(password)  # slow on purpose, so not while others wait for the lock
    with access_change(caller, MANAGE) as by:
        wanted = _known_role(role) or Role.objects.get(name=USER)
        require_cover(by, of(wanted), "You cannot give a role that may do more than you.")
        place = default_team() if team is None else _existing_team(team)
        _require_free(username)
        _require_room()
        with taken_is_conflict(_TAKEN):
            user = User.objects.create(
                username=username, password=encoded, role=wanted, team=place, must_change_password=True
            )
        details = {"newUserId": str(user.pk), "newUsername": username, "role": wanted.name}
        _record("USER_CREATED", by, user, details)
    return user


def user_update(
    *,
    caller: User,
    user_id: UUID,
    role: str | None = None,
    team: str | None = None,
    is_active: bool | None = None,
    storage_quota: int | Unchanged | None = UNCHANGED,
) -> None:
    """Give a user another role, team or quota (bytes, None for no own one), or shut the door.

    An unknown role and a blank team are ignored. Another role and a shut door end the user's sessions. Raises
    NotFound, EscalationDenied, NotManageable, SelfDemotion, LastAdmin, ValidationFailed (unknown team, wrong
    quota).
    """
    with access_change(caller, MANAGE) as by:
        user = _manageable(by, user_id)
        wanted = _known_role(role)
        if wanted is not None:
            require_cover(by, of(wanted), "You cannot give a role that may do more than you.")
        admin_no_more = (wanted is not None and wanted.name != ADMIN) or is_active is False
        if admin_no_more:
            _require_somebody_else(by, user)
            _require_another_admin(user)
        place = _existing_team(team.strip()) if team and team.strip() else None
        changes = _changes(user, wanted, place, is_active)
        if storage_quota is not UNCHANGED and _valid_quota(storage_quota) != user.storage_quota:
            changes["storage_quota"] = storage_quota
        if changes:
            _apply(user, changes)
            _record_update(by, user, changes)


def password_reset(*, caller: User, user_id: UUID, new: str) -> None:
    """Set somebody's password, to be changed at once by its owner. Ends all sessions, deletes all keys.

    Raises ValidationFailed (weak), NotFound, EscalationDenied, NotManageable, SelfReset (whoever found an
    open session must not get at the account without the current password).
    """
    check_strength(new)
    encoded = make_password(new)
    with access_change(caller, MANAGE) as by:
        user = _manageable(by, user_id)
        if user == by:
            raise SelfReset
        now = timezone.now()
        # The update first: it locks the row, so no sign-in and no new key slips in behind the deletions.
        User.objects.filter(pk=user.pk).update(password=encoded, must_change_password=True, updated_at=now)
        Session.objects.filter(user=user).delete()
        ApiKey.objects.filter(user=user).delete()
        _record("PASSWORD_RESET", by, user, {"targetUserId": str(user.pk), "targetUsername": user.username})


def user_delete(*, caller: User, user_id: UUID) -> None:
    """Delete a user with sessions, keys, pipelines and files; jobs stay without a user.

    Raises SelfDeletion, NotFound, EscalationDenied, NotManageable, LastAdmin.
    """
    if user_id == caller.pk:
        raise SelfDeletion
    with access_change(caller, MANAGE) as by:
        user = _manageable(by, user_id)
        _require_another_admin(user)
        # Nothing of the user may come to be between the cascade's look-ups and its deletions.
        User.objects.select_for_update().get(pk=user.pk)
        user_deleted.send(sender=User, user=user)
        details = {"deletedUserId": str(user.pk), "deletedUsername": user.username}
        User.objects.filter(pk=user.pk).delete()
        _record("USER_DELETED", by, user, details)


def _manageable(by: User, user_id: UUID) -> User:
    user = User.objects.select_related("role", "team").filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user")
    require_cover(by, of(user.role), "You cannot manage somebody who may do more than you.")
    if user.pk == ANONYMOUS_ID:
        raise NotManageable
    return user


def _known_role(name: str | None) -> Role | None:
    return None if name is None else Role.objects.filter(name=name).first()


def _existing_team(name_or_id: str) -> Team:
    team = team_called(name_or_id)
    if team is None:
        raise ValidationFailed("There is no such team")
    return team


def _require_free(username: str) -> None:
    if User.objects.filter(username=username).exists():
        raise Conflict(_TAKEN)


def _require_room() -> None:
    most = settings.MAX_USERS
    if most and User.objects.exclude(pk=ANONYMOUS_ID).count() >= most:
        raise UserLimitReached


def _require_somebody_else(by: User, user: User) -> None:
    if user == by:
        raise SelfDemotion


def _require_another_admin(user: User) -> None:
    """Raises LastAdmin when nobody could administer the server without `user`."""
    admins = User.objects.filter(role_id=ADMIN, is_active=True).exclude(pk=ANONYMOUS_ID)
    if set(admins.values_list("pk", flat=True)) == {user.pk}:
        raise LastAdmin


def _valid_quota(quota: int | None) -> int | None:
    if quota is not None and not 0 <= quota <= MOST_BYTES:
        raise ValidationFailed(f"storageQuota must be between 0 and {MOST_BYTES}, or null")
    return quota


def _changes(user: User, role: Role | None, team: Team | None, is_active: bool | None) -> dict[str, Any]:
    wanted = {
        "role_id": role.name if role else None,
        "team_id": team.pk if team else None,
        "is_active": is_active,
    }
    return {name: value for name, value in wanted.items() if value not in (None, getattr(user, name))}


def _apply(user: User, changes: dict[str, Any]) -> None:
    User.objects.filter(pk=user.pk).update(**changes, updated_at=timezone.now())
    if "role_id" in changes or changes.get("is_active") is False:
        Session.objects.filter(user=user).delete()


def _record_update(by: User, user: User, changes: dict[str, Any]) -> None:
    names = {
        "role_id": "role",
        "team_id": "team",
        "is_active": "isActive",
        "storage_quota": "storageQuota",
    }
    told = {names[name]: str(value) if isinstance(value, UUID) else value for name, value in changes.items()}
    _record("USER_UPDATED", by, user, {"targetUserId": str(user.pk), "changes": told})


def _record(action: str, by: User, user: User, details: dict[str, Any]) -> None:
    record(action, actor=by, target_id=user.pk, details={"adminId": str(by.pk)} | details)
