"""The first start: built-in roles, a team, and somebody who can sign in."""

from __future__ import annotations

import uuid
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, transaction

from accounts.models import Role, Team, User
from accounts.permissions import ADMIN, BUILTIN_ROLES, EDITOR, USER, ordered
from snapotter.common.locks import transaction_lock

ROLE_IDS: Final = {
    ADMIN: uuid.UUID("00000000-0000-4000-8000-000000000001"),
    EDITOR: uuid.UUID("00000000-0000-4000-8000-000000000002"),
    USER: uuid.UUID("00000000-0000-4000-8000-000000000003"),
}
TEAM_ID: Final = uuid.UUID("00000000-0000-4000-8000-000000000010")
TEAM_NAME: Final = "Default"
ANONYMOUS_ID: Final = uuid.UUID("00000000-0000-4000-8000-000000000020")
ANONYMOUS_NAME: Final = "anonymous"

_DESCRIPTIONS: Final = {
    ADMIN: "Everything, including users, teams and settings",
    EDITOR: "Tools, and the files and pipelines of everybody",
    USER: "Tools, and one's own files, pipelines and keys",
}


def ensure_roles_and_team(*, using: str = DEFAULT_DB_ALIAS) -> None:
    """Write the built-in roles as this version defines them, and the first team when there is none."""
    roles = [
        Role(
            id=ROLE_IDS[name],
            name=name,
            description=_DESCRIPTIONS[name],
            permissions=ordered(permissions),
            is_builtin=True,
        )
        for name, permissions in BUILTIN_ROLES.items()
    ]
    Role.objects.using(using).bulk_create(
        roles,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["description", "permissions", "is_builtin"],
    )
    if not Team.objects.using(using).exists():
        # A conflict is another process doing the same.
        Team.objects.using(using).bulk_create([Team(id=TEAM_ID, name=TEAM_NAME)], ignore_conflicts=True)


def ensure_first_run() -> None:
    """Make the rows a fresh server needs; on any later start, change nothing. Safe in two processes at once.

    With AUTH_ENABLED the first admin is made when nobody can sign in yet. Without, everybody is the user
    `anonymous`, who is disabled as soon as AUTH_ENABLED is back: keys made in the open must not outlive it.
    """
    with transaction.atomic():
        transaction_lock("snapotter.first_run")
        ensure_roles_and_team()
        User.objects.filter(id=ANONYMOUS_ID).update(is_active=not settings.AUTH_ENABLED)
        if not settings.AUTH_ENABLED:
            anonymous_user()
        elif not User.objects.exclude(id=ANONYMOUS_ID).exists():
            _create_first_admin()


def anonymous_user() -> User:
    """The user of every request while AUTH_ENABLED is false; made when it is missing."""
    found = User.objects.select_related("role", "team").filter(id=ANONYMOUS_ID).first()
    return found or _create_anonymous()


def _create_anonymous() -> User:
    user, _ = User.objects.get_or_create(
        id=ANONYMOUS_ID,
        defaults={
            "username": _free_name(),
            "password": UNUSABLE_PASSWORD_PREFIX,
            "role_id": ADMIN,
            "team": _first_team(),
        },
    )
    return user


def _free_name() -> str:
    """Somebody may have registered under the usual name before AUTH_ENABLED was turned off."""
    taken = User.objects.filter(username=ANONYMOUS_NAME).exists()
    return f"{ANONYMOUS_NAME}-{ANONYMOUS_ID.hex[-4:]}" if taken else ANONYMOUS_NAME


def _first_team() -> Team | None:
    return Team.objects.order_by("created_at").first()


def _create_first_admin() -> None:
    if not (settings.DEFAULT_USERNAME and settings.DEFAULT_PASSWORD) or "\0" in settings.DEFAULT_PASSWORD:
        raise ImproperlyConfigured("DEFAULT_USERNAME and DEFAULT_PASSWORD must say who signs in first")
    admin = User(
        username=settings.DEFAULT_USERNAME,
        role_id=ADMIN,
        team=_first_team(),
        must_change_password=not settings.SKIP_MUST_CHANGE_PASSWORD,
    )
    admin.set_password(settings.DEFAULT_PASSWORD)
    admin.save(force_insert=True)
