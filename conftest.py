"""The cast of the tests: `alice` owns, `bob` is in her team, `charlie` is a stranger, `admin` may everything.

Users sign in by password only where that is what a test is about: hashing is real, and slow on purpose.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts.bootstrap import TEAM_ID, ensure_roles_and_team
from accounts.models import Session, Team, User
from accounts.rate_limits import counter
from snapotter.runtime import store

UNUSABLE = make_password(None)
LONG_SECONDS = 3600.0
PASSWORD = "Otter-9-swims"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests that commit clean up by TRUNCATE, which the audit log refuses otherwise."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_no_truncate")
        cursor.execute("ALTER TABLE audit_head DISABLE TRIGGER audit_head_no_truncate")
    yield
    # Threads that async code lends keep their connections, which would keep the database from being dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def settings_are_defaults() -> None:
    """Each test begins as if an empty table of settings had just been read; `store.forget()` reads again."""
    store.forget()
    store.remember({}, LONG_SECONDS)


@pytest.fixture(autouse=True)
def requests_are_counted_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a test are rolled back, what a process remembers of them is not; and no minute ends in the
    middle of a test."""
    counter.forget()
    monkeypatch.setattr(counter, "_clock", lambda: 30.0)


def create_user(username: str, *, role: str = "user", team: Team | None = None, **columns: Any) -> User:
    team_id = team.pk if team else TEAM_ID
    return User.objects.create(username=username, password=UNUSABLE, role_id=role, team_id=team_id, **columns)


@cache
def password_hash() -> str:
    """Of PASSWORD; hashed once."""
    return make_password(PASSWORD)


def give_password(user: User) -> User:
    """Let the user sign in with PASSWORD."""
    user.password = password_hash()
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Otters")


@pytest.fixture
def alice(team: Team) -> User:
    return create_user("alice", team=team)


@pytest.fixture
def bob(team: Team) -> User:
    return create_user("bob", team=team)


@pytest.fixture
def charlie(db: None) -> User:
    return create_user("charlie")


@pytest.fixture
def admin(db: None) -> User:
    return create_user("admin", role="admin")


@pytest.fixture
def boss(db: None) -> User:
    """An admin for tests that commit: they begin with empty tables."""
    ensure_roles_and_team()
    return create_user("boss", role="admin")


def session_of(user: User) -> Session:
    """A session as a sign-in would begin it."""
    hours = timedelta(hours=settings.SESSION_DURATION_HOURS)
    return Session.objects.create(id=str(uuid.uuid4()), user=user, expires_at=timezone.now() + hours)


def client_of(user: User) -> Client:
    """A browser in which the user is signed in."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(user).id
    return client


class Api(APIClient):
    """DRF's client; `as_user(user)` is another one with a session of the user as its Bearer token."""

    def as_user(self, user: User) -> Api:
        return self.with_token(session_of(user).id)

    def with_token(self, token: str) -> Api:
        client = Api()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client


@pytest.fixture
def api(db: None) -> Api:
    return Api()
