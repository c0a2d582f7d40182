"""No escalation: what a caller holds bounds what it may hand out and whom it may touch.

Whatever changes users and roles runs in `access_change`, one at a time in all processes: what was checked
(who is an admin, which name is free, what the caller may) is still true at the commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from accounts.admission import Credential
from accounts.bootstrap import ANONYMOUS_ID
from accounts.errors import EscalationDenied
from accounts.models import ApiKey, Role, Session, User
from accounts.permissions import effective, has_permission, of_role, tools_of_role
from accounts.tool_permissions import ToolLimit
from snapotter.common.errors import AuthenticationRequired, Conflict, PermissionRefused
from snapotter.common.locks import transaction_lock


@dataclass(frozen=True)
class Authority:
    """What somebody may do: permissions and, for `tools:use`, which tools (None is all)."""

    permissions: frozenset[str]
    tools: ToolLimit | None = None

    def covers(self, other: Authority) -> bool:
        if not other.permissions <= self.permissions:
            return False
        return "tools:use" not in other.permissions or _within(other.tools, self.tools)


def of_caller(caller: User) -> Authority:
    """What the caller holds in this request, cut to the scope of its API key."""
    return Authority(effective(caller), _tools_of(caller.role))


def of(role: Role) -> Authority:
    """What whoever has the role holds, as far as no API key limits it."""
    return Authority(of_role(role.name, role.permissions), _tools_of(role))


def require_cover(caller: User, other: Authority, message: str | None = None) -> None:
    """Raises EscalationDenied when `other` holds anything that the caller does not."""
    if not of_caller(caller).covers(other):
        raise EscalationDenied(message)


def reaches(caller: User, other: User) -> bool:
    """Whether `caller` may manage `other`: somebody who holds nothing that the caller lacks, and signs in."""
    return other.pk != ANONYMOUS_ID and of_caller(caller).covers(of(other.role))


@contextmanager
def access_change(caller: User, permission: str) -> Iterator[User]:
    """A transaction in which nobody else changes users, roles or teams; gives the caller as it is now.

    Raises AuthenticationRequired or PermissionRefused when the caller lost its account, its session or key,
    or `permission` since the request was let in.
    """
    with transaction.atomic():
        transaction_lock("snapotter.access")
        yield _current(caller, permission)


def require_live(user: User) -> User:
    """The user as it is now, still let in by what the request came with; and so until the transaction ends.

    Whatever ends sessions and keys of a user holds the user first. Raises AuthenticationRequired.
    """
    rows = User.objects.select_for_update(no_key=True, of=("self",)).select_related("role")
    current = rows.filter(pk=user.pk, is_active=True).first()
    if current is None or _has_ended(user.credential):
        raise AuthenticationRequired
    current.credential = user.credential
    return current


def _has_ended(credential: Credential) -> bool:
    if credential.session_id is not None:
        return not Session.objects.filter(id=credential.session_id).exists()
    return credential.key_id is not None and not ApiKey.objects.filter(id=credential.key_id).exists()


def hold(user: User) -> None:
    """Keep `user` from being changed or deleted until the transaction ends.

    Call it before locking what belongs to the user, which is the order of who deletes one.
    """
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()


@contextmanager
def taken_is_conflict(message: str) -> Iterator[None]:
    """A unique name that somebody took without the lock (the admin site, an import) is a Conflict too."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise Conflict(message) from None
        raise


def _current(caller: User, permission: str) -> User:
    current = require_live(caller)
    if not has_permission(current, permission):
        raise PermissionRefused
    return current


def _tools_of(role: Role) -> ToolLimit | None:
    return tools_of_role(role.name, role.tool_permissions)


def _within(inner: ToolLimit | None, outer: ToolLimit | None) -> bool:
    return outer is None or (inner is not None and inner.is_within(outer))
