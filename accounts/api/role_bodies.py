"""What the endpoints of roles take and answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accounts.api.fields import Storable
from accounts.models import Role
from accounts.permissions import PERMISSIONS, of_role, ordered, tools_of_role
from accounts.tool_permissions import ToolLimit
from snapotter.common.wire import Timestamp, WireModel

_Permission = Annotated[Storable, Field(max_length=100)]
_Permissions = Annotated[list[_Permission], Field(max_length=10 * len(PERMISSIONS))]


class RoleBody(WireModel):
    name: str
    permissions: _Permissions
    description: Storable = ""
    tool_permissions: ToolLimit | None = None


class RoleChanges(WireModel):
    """What is absent stays as it is; `toolPermissions: null` lifts the limit."""

    name: str | None = None
    permissions: _Permissions | None = None
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
