"""Requests that change who may do what."""

from __future__ import annotations

import json
from typing import Any, Final

from accounts.models import ApiKey, Role, Session, User
from accounts.tests.people import refusal
from audit.models import AuditEntry
from conftest import Api

ROLES: Final = "/api/v1/roles"
KEYS: Final = "/api/v1/api-keys"
REGISTER: Final = "/api/auth/register"
LOGIN: Final = "/api/auth/login"

Request = tuple[str, str, dict[str, Any]]


def user_path(user: User) -> str:
    return f"/api/auth/users/{user.pk}"


def role_path(role: Role) -> str:
    return f"{ROLES}/{role.pk}"


def send(client: Api, method: str, path: str, body: dict[str, Any]) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def refusals(client: Api, *requests: Request) -> list[tuple[int, str]]:
    """How the requests were refused; they left nothing behind, in the audit log neither."""
    before = _access()
    answers = [refusal(send(client, *request)) for request in requests]
    assert _access() == before
    return answers


def _access() -> list[Any]:
    users = User.objects.order_by("pk").values_list("username", "role_id", "password", "is_active", "team_id")
    roles = Role.objects.order_by("pk").values_list("name", "permissions", "tool_permissions")
    keys = ApiKey.objects.order_by("pk").values_list("pk", "user_id", "permissions", "expires_at")
    return [list(users), list(roles), list(keys), Session.objects.count(), AuditEntry.objects.count()]
