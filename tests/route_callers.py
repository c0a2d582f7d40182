"""Who calls in the walk over the routes: the cast, what each holds, and a client for each.

A stranger to an object is every caller when the object is another's: `user` above all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from accounts.credentials import key_prefix
from accounts.hashers import hash_key
from accounts.models import ApiKey, Role, User
from conftest import UNUSABLE, session_of

EVERYTHING: Final = frozenset(
    {
        "tools:use",
        "files:own",
        "files:all",
        "apikeys:own",
        "apikeys:all",
        "pipelines:own",
        "pipelines:all",
        "settings:read",
        "settings:write",
        "users:manage",
        "teams:manage",
        "features:manage",
        "system:health",
        "audit:read",
        "compliance:manage",
        "webhooks:manage",
        "security:manage",
    }
)
_USER: Final = frozenset({"tools:use", "files:own", "apikeys:own", "pipelines:own", "settings:read"})

# People who sign in: name -> (role, what it holds).
PEOPLE: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "admin": ("admin", EVERYTHING),
    "editor": ("editor", _USER | {"files:all", "pipelines:all"}),
    "user": ("user", _USER),
    "auditor": ("auditors", frozenset({"audit:read"})),
    "powerless": ("powerless", frozenset()),
    "disabled": ("admin", EVERYTHING),
    "pending": ("admin", EVERYTHING),  # must change the password first
}
# All of the admin's. Whatever a row needs, `fitting key` is limited to just that, `other key` to all else.
KEYS: Final = ("fitting key", "other key", "expired key")
CALLERS: Final = (*PEOPLE, *KEYS, "anonymous")


def holds(caller: str, needed: frozenset[str], permission: str) -> bool:
    """Whether a caller who is let in may do what `permission` gives, at a row that needs one of `needed`."""
    if caller == "fitting key":
        return permission in needed
    if caller == "other key":
        return permission not in needed
    return permission in PEOPLE[caller][1]


class Cast:
    """The callers with a session or key each, and `other`: a user whose objects are nobody else's."""

    def __init__(self, needed: frozenset[str]) -> None:
        for name in ("auditors", "powerless"):
            held = next(held for role, held in PEOPLE.values() if role == name)
            Role.objects.create(name=name, permissions=sorted(held))
        self.users = {user.username: user for user in User.objects.bulk_create(_people())}
        self._tokens = {name: session_of(self.users[name]).id for name in PEOPLE}
        self._tokens |= dict(zip(KEYS, _keys(self.users["admin"], needed), strict=True))

    def owner(self, caller: str) -> User | None:
        return self.users.get("admin" if caller in KEYS else caller)

    def ask(self, caller: str, method: str, address: str, **request: Any) -> HttpResponseBase:
        """The API gets the token as Bearer, a page the session as its cookie and keys as they are."""
        token = self._tokens.get(caller)
        cookie = token is not None and caller not in KEYS and not address.startswith("/api/")
        headers = {"Authorization": f"Bearer {token}"} if token is not None and not cookie else {}
        return _client(token if cookie else None).generic(method, address, headers=headers, **request)

    def ask_from_elsewhere(self, caller: str, method: str, address: str, **request: Any) -> HttpResponseBase:
        """As a browser does for a page of another site: with the cookie, without the CSRF token."""
        client = _client(self._tokens.get(caller), enforce_csrf_checks=True)
        return client.generic(method, address, **request)


def _client(session: str | None, *, enforce_csrf_checks: bool = False) -> Client:
    """A browser that knows one cookie at most."""
    client = _shared_client(enforce_csrf_checks)
    client.cookies.clear()
    if session is not None:
        client.cookies["snapotter-session"] = session
    return client


@cache
def _shared_client(enforce_csrf_checks: bool) -> Client:
    """Made once, because each new one loads the middleware, which lists all static files."""
    return Client(enforce_csrf_checks=enforce_csrf_checks)


def _people() -> list[User]:
    columns: dict[str, dict[str, Any]] = {
        "disabled": {"is_active": False},
        "pending": {"must_change_password": True},
    }
    roles = {name: role for name, (role, _) in PEOPLE.items()} | {"other": "user"}
    return [
        User(username=name, role_id=role, password=UNUSABLE, **columns.get(name, {}))
        for name, role in roles.items()
    ]


def _keys(admin: User, needed: frozenset[str]) -> list[str]:
    scopes = (needed or {"settings:read"}, EVERYTHING - needed, EVERYTHING)
    rows = [
        ApiKey(id=UUID(int=number), user=admin, permissions=sorted(scope), **_hashed(number))
        for number, scope in enumerate(scopes, 1)
    ]
    rows[-1].expires_at = timezone.now() - timedelta(hours=1)
    ApiKey.objects.bulk_create(rows)
    return [_key(number) for number in range(1, len(rows) + 1)]


def _key(number: int) -> str:
    return f"si_{number:096x}"


@cache
def _hashed(number: int) -> dict[str, str]:
    """Hashed once: a process remembers for minutes which key it verified with which row and hash."""
    return {"key_hash": hash_key(_key(number)), "key_prefix": key_prefix(_key(number))}
