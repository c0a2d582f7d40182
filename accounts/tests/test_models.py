"""Rules that live in the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import ApiKey, Role, Team, User
from conftest import create_user

pytestmark = pytest.mark.django_db


def refuses(make: Any, **columns: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make(**columns)
        connection.check_constraints()


def test_a_role_must_exist() -> None:
    refuses(create_user, username="x", role="no-such-role")


def test_a_team_is_unique_whatever_the_case(team: Team) -> None:
    refuses(Team.objects.create, name=team.name.upper())


def test_a_user_name_is_unique_and_case_counts(alice: User) -> None:
    refuses(create_user, username="alice")
    create_user("Alice")


def test_permissions_are_an_array(alice: User) -> None:
    refuses(Role.objects.create, name="x", permissions={"tools:use": True})
    refuses(ApiKey.objects.create, user=alice, name="x", key_hash="x", permissions="tools:use")
    ApiKey.objects.create(user=alice, name="x", key_hash="x", permissions=None)


@pytest.mark.parametrize("columns", [{"storage_quota": 0}, {"retention_hours": 0}, {"retention_hours": -1}])
def test_a_team_limit_is_positive(columns: dict[str, int]) -> None:
    refuses(Team.objects.create, name="x", **columns)


@pytest.mark.parametrize("columns", [{"username": ""}, {"storage_used": -1}, {"storage_quota": -1}])
def test_a_user_is_within_bounds(columns: dict[str, Any]) -> None:
    refuses(create_user, **{"username": "x", **columns})


def test_a_role_is_renamed_together_with_its_users(db: None) -> None:
    Role.objects.create(name="old")
    rick = create_user("rick", role="old")
    with transaction.atomic():
        Role.objects.filter(name="old").update(name="new")
        User.objects.filter(role_id="old").update(role_id="new")
    rick.refresh_from_db()
    assert rick.role.name == "new"


def test_plain_sql_gets_the_same_defaults() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (id, username, password_hash, role)"
            " VALUES (gen_random_uuid(), 'x', '!', 'user')"
        )
    user = User.objects.get(username="x")
    assert (user.is_active, user.must_change_password, user.storage_used) == (True, False, 0)
