"""Roles beside the built-in ones, and who holds them."""

from __future__ import annotations

from typing import Any

from accounts import services
from accounts.admission import Credential
from accounts.credentials import user_by_session
from accounts.models import Role, User
from conftest import create_user, session_of

MANAGER = ["tools:use", "files:own", "apikeys:own", "pipelines:own", "settings:read", "users:manage"]


def create_role(name: str, *permissions: str, tools: dict[str, Any] | None = None) -> Role:
    return Role.objects.create(name=name, permissions=list(permissions), tool_permissions=tools)


def create_manager(username: str = "manager") -> User:
    """Holds what the role `user` does, and may manage users."""
    Role.objects.get_or_create(name="managers", defaults={"permissions": MANAGER})
    return create_user(username, role="managers")


def key_for(user: User, *permissions: str) -> str:
    return services.api_key_create(user=user, permissions=list(permissions))[1]


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def signed_in(user: User) -> User:
    """`user` as in a request with a session of its own."""
    return user_by_session(session_of(user))


def limited_to(user: User, *permissions: str) -> User:
    """`user` as in a request with a key of that scope."""
    user.credential = Credential("api_key", scope=frozenset(permissions))
    return user
