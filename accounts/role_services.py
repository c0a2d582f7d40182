"""What administrators change about roles. Who changes one reaches no further than the own permissions."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from pydantic.alias_generators import to_camel

from accounts.authority import access_change, of, require_cover, taken_is_conflict
from accounts.errors import SelfDemotion
from accounts.models import Role, User
from accounts.permissions import GRANTABLE, PERMISSIONS, USER, ordered
from accounts.role_selectors import custom_role
from accounts.tool_permissions import ToolLimit, require_known
from audit.services import record
from snapotter.common.errors import Conflict, ValidationFailed
from snapotter.common.plain_text import has_control
from snapotter.common.unchanged import UNCHANGED, Unchanged

MANAGE: Final = "users:manage"
DESCRIPTION_LENGTH: Final = 500
_NAME: Final = re.compile(r"[a-z0-9_-]{2,30}")
_TAKEN: Final = "There is a role of that name already"
_TOO_MUCH: Final = "You cannot give a role what you do not hold yourself."
_BEYOND: Final = "You cannot change a role that may do more than you."


def role_create(
    *,
    caller: User,
    name: str,
    permissions: Collection[str],
    description: str = "",
    tool_permissions: ToolLimit | None = None,
) -> Role:
    """Make a role with at least one permission; the name is trimmed and lowered, the description trimmed.

    Raises ValidationFailed, Conflict, EscalationDenied.
    """
    if not permissions:
        raise ValidationFailed("A new role needs at least one permission")
    role = Role(
        name=_valid_name(name),
        description=_valid_description(description),
        permissions=_valid_permissions(permissions),
        tool_permissions=_stored(tool_permissions),
    )
    with access_change(caller, MANAGE) as by:
        _require_free(role)
        require_cover(by, of(role), _TOO_MUCH)
        role.created_by = by
        with taken_is_conflict(_TAKEN):
            role.save(force_insert=True)
        told = {"permissions": role.permissions, "toolPermissions": role.tool_permissions}
        _record("ROLE_CREATED", by, role, told)
    return role


def role_update(
    *,
    caller: User,
    role_id: UUID,
    name: str | None = None,
    description: str | None = None,
    permissions: Collection[str] | None = None,
    tool_permissions: ToolLimit | Unchanged | None = UNCHANGED,
) -> None:
    """Change what is given of a role that is not built in; it acts at once. Users follow a new name.

    Raises NotFound, BuiltinRole, EscalationDenied (beyond the caller before or after), ValidationFailed,
    Conflict.
    """
    with access_change(caller, MANAGE) as by:
        role = custom_role(for_user=by, role_id=role_id)
        require_cover(by, of(role), _BEYOND)
        before = _columns(role)
        _edit(role, name, description, permissions, tool_permissions)
        require_cover(by, of(role), _TOO_MUCH)
        changes = {column: value for column, value in _columns(role).items() if value != before[column]}
        if changes:
            _apply(role, changes, old_name=before["name"])
            told = {to_camel(column): value for column, value in changes.items()}
            _record("ROLE_UPDATED", by, role, {"roleName": before["name"], "changes": told})


def role_delete(*, caller: User, role_id: UUID) -> None:
    """Delete a role that is not built in; its users get the role `user` and stay signed in.

    Raises NotFound, BuiltinRole, SelfDemotion (the caller's own role), EscalationDenied (beyond the caller,
    or the users would get what the caller does not hold).
    """
    with access_change(caller, MANAGE) as by:
        role = custom_role(for_user=by, role_id=role_id)
        require_cover(by, of(role), _BEYOND)
        if by.role_id == role.name:
            raise SelfDemotion
        users = User.objects.filter(role_id=role.name)
        if users.exists():
            require_cover(by, of(Role.objects.get(name=USER)), "Its users would get a role beyond yours.")
        moved = users.update(role_id=USER, updated_at=timezone.now())
        Role.objects.filter(pk=role.pk).delete()
        _record("ROLE_DELETED", by, role, {"movedUsers": moved})


def _edit(
    role: Role,
    name: str | None,
    description: str | None,
    permissions: Collection[str] | None,
    tool_permissions: ToolLimit | Unchanged | None,
) -> None:
    """A taken name is told before a wrong permission."""
    if name is not None:
        role.name = _valid_name(name)
    if description is not None:
        role.description = _valid_description(description)
    _require_free(role)
    if permissions is not None:
        role.permissions = _valid_permissions(permissions)
    if tool_permissions is not UNCHANGED:
        role.tool_permissions = _stored(tool_permissions)


def _columns(role: Role) -> dict[str, Any]:
    columns = ("name", "description", "permissions", "tool_permissions")
    return {column: getattr(role, column) for column in columns}


def _apply(role: Role, changes: dict[str, Any], *, old_name: str) -> None:
    now = timezone.now()
    with taken_is_conflict(_TAKEN):
        Role.objects.filter(pk=role.pk).update(**changes, updated_at=now)
    if role.name != old_name:
        # The foreign key on the name is checked at the commit, so users may follow after the role.
        User.objects.filter(role_id=old_name).update(role_id=role.name, updated_at=now)


def _valid_name(name: str) -> str:
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise ValidationFailed("The name of a role has 2 to 30 characters: a to z, digits, _ -")
    return name


def _valid_description(description: str) -> str:
    description = description.strip()
    if len(description) > DESCRIPTION_LENGTH:
        raise ValidationFailed(f"A description has at most {DESCRIPTION_LENGTH} characters")
    if has_control(description.replace("\r", "").replace("\n", "")):
        raise ValidationFailed("A description has no characters for control")
    return description


def _valid_permissions(permissions: Collection[str]) -> list[str]:
    """In their order, each once."""
    wrong = sorted(set(permissions) - GRANTABLE)
    if wrong:
        reserved = " (only the built-in admin has it)"
        named = [f"{name}{reserved if name in PERMISSIONS else ''}" for name in wrong]
        raise ValidationFailed(f"Invalid permissions: {', '.join(named)}")
    return ordered(permissions)


def _stored(limit: ToolLimit | None) -> dict[str, Any] | None:
    require_known(limit)
    return None if limit is None else limit.wire()


def _require_free(role: Role) -> None:
    if Role.objects.filter(name=role.name).exclude(pk=role.pk).exists():
        raise Conflict(_TAKEN)


def _record(action: str, by: User, role: Role, told: dict[str, Any]) -> None:
    details = {"adminId": str(by.pk), "roleId": str(role.pk), "roleName": role.name} | told
    record(action, actor=by, target_id=role.pk, details=details)
