"""What the account endpoints take and answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from accounts.api.fields import NonEmpty, Permissions, Storable
from accounts.models import ApiKey, User
from accounts.permissions import effective, ordered
from snapotter.common.wire import Timestamp, WireModel


def parse_moment(text: str) -> datetime:
    """An ISO 8601 date or date and time; UTC when it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a date") from None


class LoginBody(WireModel):
    username: NonEmpty
    password: NonEmpty


class ChangePasswordBody(WireModel):
    current_password: NonEmpty
    new_password: NonEmpty


class ApiKeyBody(WireModel):
    name: Annotated[Storable, Field(max_length=100)] | None = None
    permissions: Permissions | None = None
    expires_at: Annotated[str, AfterValidator(lambda text: parse_moment(text) and text)] | None = None

    @property
    def expiry(self) -> datetime | None:
        return None if self.expires_at is None else parse_moment(self.expires_at)


class SessionUser(WireModel):
    """The signed-in user as a client sees it."""

    id: UUID
    username: str
    role: str
    must_change_password: bool
    permissions: list[str]

    @classmethod
    def of(cls, user: User) -> SessionUser:
        return cls(**_facts(user))


class LoginUser(SessionUser):
    team_name: str

    @classmethod
    def of(cls, user: User) -> LoginUser:
        return cls(**_facts(user), team_name=user.team.name if user.team else "")


def _facts(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role_id,
        "must_change_password": user.password_change_pending,
        "permissions": ordered(effective(user)),
    }


class LoginAnswer(WireModel):
    token: str
    user: LoginUser
    expires_at: Timestamp


class SessionAnswer(WireModel):
    user: SessionUser
    expires_at: Timestamp | None


class NewApiKey(WireModel):
    """The only answer that ever shows the key."""

    id: UUID
    key: str
    name: str
    permissions: list[str] | None
    expires_at: Timestamp | None
    created_at: Timestamp


class ApiKeyItem(WireModel):
    id: UUID
    name: str
    prefix: str
    permissions: list[str] | None
    created_at: Timestamp
    last_used_at: Timestamp | None
    expires_at: Timestamp | None

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyItem:
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.key_prefix,
            permissions=key.permissions,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            expires_at=key.expires_at,
        )


class ApiKeyList(WireModel):
    api_keys: list[ApiKeyItem]


class AuthConfig(WireModel):
    auth_enabled: bool
