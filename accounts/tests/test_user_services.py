"""Two changes of users at once, and the last administrator."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from unittest.mock import patch

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts import user_services
from accounts.bootstrap import anonymous_user, ensure_roles_and_team
from accounts.errors import LastAdmin, NotManageable
from accounts.models import User
from accounts.permissions import ADMIN
from accounts.tests.people import create_manager
from accounts.tests.races import together, wait_for_a_waiter
from audit.models import AuditEntry
from audit.services import record
from conftest import PASSWORD, client_of, create_user
from snapotter.common.errors import AuthenticationRequired, Conflict, PermissionRefused


@pytest.fixture
def anonymous(db: None, settings: Settings) -> User:
    """Everybody, while AUTH_ENABLED is false: an admin who cannot sign in."""
    settings.AUTH_ENABLED = False
    ensure_roles_and_team()
    return anonymous_user()


@pytest.fixture
def two_admins(db: None) -> tuple[User, User]:
    ensure_roles_and_team()  # a test that commits starts with empty tables
    return create_user("first", role="admin"), create_user("second", role="admin")


def deletion(caller: User, user: User) -> Callable[[], None]:
    return lambda: user_services.user_delete(caller=caller, user_id=user.pk)


@pytest.mark.django_db
def test_the_last_admin_stays(anonymous: User, admin: User) -> None:
    """Who is nobody in particular does not count as one."""
    with pytest.raises(LastAdmin):
        user_services.user_update(caller=anonymous, user_id=admin.pk, role="user")
    with pytest.raises(LastAdmin):
        user_services.user_update(caller=anonymous, user_id=admin.pk, is_active=False)
    with pytest.raises(LastAdmin):
        user_services.user_delete(caller=anonymous, user_id=admin.pk)
    create_user("second", role="admin")
    user_services.user_delete(caller=anonymous, user_id=admin.pk)


@pytest.mark.django_db
def test_who_stands_for_everybody_stays_as_it_is(anonymous: User, admin: User) -> None:
    for caller in (anonymous, admin):
        with pytest.raises(NotManageable):
            user_services.user_update(caller=caller, user_id=anonymous.pk, role="user")
        with pytest.raises(NotManageable):
            user_services.password_reset(caller=caller, user_id=anonymous.pk, new=PASSWORD)
    with pytest.raises(NotManageable):
        user_services.user_delete(caller=admin, user_id=anonymous.pk)
    assert (
        "stands for everybody"
        in client_of(admin).get(f"/admin/accounts/user/{anonymous.pk}/change/").content.decode()
    )


@pytest.mark.django_db
def test_a_disabled_admin_is_no_other_admin(anonymous: User, admin: User) -> None:
    create_user("second", role="admin", is_active=False)
    with pytest.raises(LastAdmin):
        user_services.user_delete(caller=anonymous, user_id=admin.pk)


@pytest.mark.django_db(transaction=True)
def test_of_the_last_two_admins_one_is_deleted(anonymous: User, two_admins: tuple[User, User]) -> None:
    first, second = two_admins
    outcomes = together(deletion(anonymous, first), deletion(anonymous, second))
    assert sorted(map(str, outcomes)) == sorted(["done", str(LastAdmin)])
    assert User.objects.filter(role_id=ADMIN).exclude(pk=anonymous.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_delete_each_other(two_admins: tuple[User, User]) -> None:
    first, second = two_admins
    outcomes = together(deletion(first, second), deletion(second, first))
    assert sorted(map(str, outcomes)) == sorted(["done", str(AuthenticationRequired)])
    assert AuditEntry.objects.filter(action="USER_DELETED").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_demote_each_other(two_admins: tuple[User, User]) -> None:
    def demotion(caller: User, user: User) -> Callable[[], None]:
        return lambda: user_services.user_update(caller=caller, user_id=user.pk, role="user")

    first, second = two_admins
    outcomes = together(demotion(first, second), demotion(second, first))
    assert sorted(map(str, outcomes)) == sorted(["done", str(PermissionRefused)])
    assert User.objects.filter(role_id=ADMIN).count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_is_deleted_while_doing_something_finishes_that_first(two_admins: tuple[User, User]) -> None:
    recorded = Event()

    def doing(user: User) -> None:
        with transaction.atomic():
            record("LOGOUT", actor=user)
            recorded.set()
            wait_for_a_waiter()

    def deleting(caller: User, user: User) -> None:
        recorded.wait(10)
        user_services.user_delete(caller=caller, user_id=user.pk)

    first, second = two_admins
    assert together(lambda: doing(second), lambda: deleting(first, second)) == ["done", "done"]
    assert list(AuditEntry.objects.values_list("action", "user")) == [
        ("USER_DELETED", first.pk),
        ("LOGOUT", None),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_name_is_registered_once(two_admins: tuple[User, User]) -> None:
    outcomes = together(
        *[
            lambda caller=caller: user_services.user_create(caller=caller, username="dora", password=PASSWORD)
            for caller in two_admins
        ]
    )
    assert sorted(isinstance(result, User) for result in outcomes) == [False, True]
    assert Conflict in outcomes


@pytest.mark.django_db
def test_a_name_taken_without_the_lock_is_a_conflict_too(admin: User, alice: User) -> None:
    with patch.object(user_services, "_require_free"), pytest.raises(Conflict):
        user_services.user_create(caller=admin, username="alice", password=PASSWORD)
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_what_a_caller_lost_since_it_was_let_in_counts(alice: User) -> None:
    manager = create_manager()
    User.objects.filter(pk=manager.pk).update(role="user")
    with pytest.raises(PermissionRefused):
        user_services.user_delete(caller=manager, user_id=alice.pk)
    User.objects.filter(pk=manager.pk).update(is_active=False)
    with pytest.raises(AuthenticationRequired):
        user_services.user_delete(caller=manager, user_id=alice.pk)
