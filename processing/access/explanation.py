"""An answer and the chain of steps that leads to it.

The answer comes from the functions that enforce it (`Subject.is_open_to`); the steps only take apart what
these put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from django.utils import timezone

from accounts.admission import ANONYMOUS
from accounts.credentials import key_credential, key_refusal
from accounts.models import ApiKey, User
from snapotter.common.ids import parse_uuid

StepName = Literal[
    "account", "password", "key", "role", "scope", "toolPermissions", "tool", "ownership", "team"
]
_TITLES: Final[dict[StepName, str]] = {
    "account": "Account",
    "password": "Password",
    "key": "API key",
    "role": "Role",
    "scope": "Scope of the key",
    "toolPermissions": "Tools of the role",
    "tool": "Tool",
    "ownership": "Owner",
    "team": "Team",
}


@dataclass(frozen=True)
class Step:
    """`passed` None: it neither lets in nor keeps out, which is worth knowing."""

    name: StepName
    passed: bool | None
    reason: str

    @property
    def title(self) -> str:
        return _TITLES[self.name]


class Subject(Protocol):
    """What somebody may or may not use."""

    @property
    def title(self) -> str: ...

    def is_open_to(self, user: User) -> bool:
        """What the enforcing code says."""

    def steps(self, user: User, key: ApiKey | None) -> Iterator[Step]:
        """What is looked at once `user` is in, with `key` or without one."""


@dataclass(frozen=True)
class Explanation:
    user: User
    subject: Subject
    with_key: bool
    allowed: bool
    chain: tuple[Step, ...]

    @property
    def sentence(self) -> str:
        verb = "may" if self.allowed else "may not"
        key = " with this API key" if self.with_key else ""
        return f"{self.user.username} {verb} use {self.subject.title}{key}."


def explain(subject: Subject, *, user: User, key_id: str = "") -> Explanation:
    """Whether `user`, signed in or with the own API key of that id, may use `subject`.

    `user` comes fresh from the database, with role and team.
    """
    key = _key_of(user, key_id)
    user.credential = key_credential(key) if key else ANONYMOUS
    entrance = tuple(_entrance(user, key_id, key))
    allowed = all(step.passed for step in entrance) and subject.is_open_to(user)
    return Explanation(user, subject, bool(key_id), allowed, (*entrance, *subject.steps(user, key)))


def _key_of(user: User, key_id: str) -> ApiKey | None:
    id = parse_uuid(key_id)
    return ApiKey.objects.select_related("user").filter(user=user, pk=id).first() if id else None


def _entrance(user: User, key_id: str, key: ApiKey | None) -> Iterator[Step]:
    state = "is active" if user.is_active else "is disabled, which closes everything"
    yield Step("account", user.is_active, f"The account {state}.")
    if key_id:
        yield _key_step(user, key)
    elif user.password_change_pending:
        yield Step("password", False, "A new password must be chosen before anything else.")


def _key_step(user: User, key: ApiKey | None) -> Step:
    if key is None:
        return Step("key", False, f"{user.username} has no such API key.")
    if key_refusal(key, timezone.now()) == "expired":
        return Step("key", False, f"The key “{key.name}” expired on {_moment(key.expires_at)}.")
    until = f"is valid until {_moment(key.expires_at)}" if key.expires_at else "does not expire"
    return Step("key", True, f"The key “{key.name}” belongs to {user.username} and {until}.")


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""
