"""Reading roles."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.errors import BuiltinRole
from accounts.models import Role, User
from accounts.permissions import require_any
from snapotter.common.errors import NotFound


def roles(*, for_user: User) -> QuerySet[Role]:
    """All roles with `user_count`, the built-in ones first, then the oldest first.

    Raises PermissionRefused for who neither audits nor manages users.
    """
    require_any(for_user, "audit:read", "users:manage")
    counted = Role.objects.annotate(user_count=Count("users"))  # type: ignore[no-redef]  # see Role
    return counted.order_by("-is_builtin", "created_at", "id")


def custom_role(*, for_user: User, role_id: UUID) -> Role:
    """A role that may be changed. Raises PermissionRefused, NotFound, BuiltinRole."""
    require_any(for_user, "users:manage")
    role = Role.objects.filter(pk=role_id).first()
    if role is None:
        raise NotFound("There is no such role")
    if role.is_builtin:
        raise BuiltinRole
    return role
