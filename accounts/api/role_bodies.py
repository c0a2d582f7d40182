"""What the endpoints of roles take and answer."""

from __future__ import annotations

from uuid import UUID

from accounts.api.fields import Permissions, Storable
from accounts.models import Role
from accounts.permissions import of_role, ordered, tools_of_role
from accounts.tool_permissions import ToolLimit
from snapotter.common.wire import Timestamp, WireModel


class RoleBody(WireModel):
    name: str
    permissions: Permissions
    description: Storable = ""
    tool_permissions: ToolLimit | None = None


class RoleChanges(WireModel):
    """What is absent stays as it is; `toolPermissions: null` lifts the limit."""

    name: str | None = None
    permissions: Permissions | None = None
    description: Storable | None = None
    tool_permissions: ToolLimit | None = None


class NewRole(WireModel):
    id: UUID
    name: str
    description: str
    permissions: list[str]
    tool_permissions: ToolLimit | None
    is_builtin: bool


class RoleItem(NewRole):
    user_count: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, role: Role) -> RoleItem:
        """What the role holds and is limited to in effect, whatever its row says."""
        return cls(
            id=role.id,
            name=role.name,
            description=role.description,
            permissions=ordered(of_role(role.name, role.permissions)),
            tool_permissions=tools_of_role(role.name, role.tool_permissions),
            is_builtin=role.is_builtin,
            user_count=role.user_count,
            created_at=role.created_at,
            updated_at=role.updated_at,
        )


class RoleList(WireModel):
    roles: list[RoleItem]
