"""What the endpoints of user management take and answer."""

from __future__ import annotations

from uuid import UUID

from accounts.api.fields import Storable
from accounts.models import User
from snapotter.common.wire import Timestamp, WireModel


class RegisterBody(WireModel):
    username: str
    password: str
    role: Storable | None = None
    team: Storable | None = None


class UserChanges(WireModel):
    """What is absent stays as it is. `storageQuota` is in bytes; null is no quota of one's own."""

    role: Storable | None = None
    team: Storable | None = None
    is_active: bool | None = None
    storage_quota: int | None = None


class ResetPasswordBody(WireModel):
    new_password: str


class NewUser(WireModel):
    id: UUID
    username: str
    role: str
    team: str

    @classmethod
    def of(cls, user: User) -> NewUser:
        return cls(id=user.id, username=user.username, role=user.role_id, team=_team_name(user))


class UserItem(WireModel):
    id: UUID
    username: str
    role: str
    team: str
    is_active: bool
    storage_quota: int | None
    created_at: Timestamp

    @classmethod
    def of(cls, user: User) -> UserItem:
        return cls(
            id=user.id,
            username=user.username,
            role=user.role_id,
            team=_team_name(user),
            is_active=user.is_active,
            storage_quota=user.storage_quota,
            created_at=user.created_at,
        )


class UserList(WireModel):
    users: list[UserItem]
    max_users: int


def _team_name(user: User) -> str:
    return user.team.name if user.team else ""
