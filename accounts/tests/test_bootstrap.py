from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from accounts.bootstrap import ANONYMOUS_ID, ROLE_IDS, TEAM_ID, ensure_first_run, ensure_roles_and_team
from accounts.models import Role, Team, User
from accounts.permissions import effective


@pytest.mark.django_db
def test_the_first_admin_must_change_the_password() -> None:
    ensure_first_run()
    admin = User.objects.get()
    assert (admin.username, admin.role_id, admin.team_id) == ("admin", "admin", TEAM_ID)
    assert admin.must_change_password
    assert admin.check_password("admin")


@pytest.mark.django_db
def test_a_later_start_changes_nothing(settings: Settings) -> None:
    ensure_first_run()
    settings.DEFAULT_USERNAME, settings.DEFAULT_PASSWORD = "other", "other"
    before = list(User.objects.values())
    ensure_first_run()
    assert list(User.objects.values()) == before


@pytest.mark.django_db
def test_there_is_no_admin_where_somebody_can_sign_in(alice: User) -> None:
    ensure_first_run()
    assert list(User.objects.all()) == [alice]


@pytest.mark.django_db
def test_the_change_can_be_skipped(settings: Settings) -> None:
    settings.SKIP_MUST_CHANGE_PASSWORD = True
    ensure_first_run()
    assert not User.objects.get().must_change_password


@pytest.mark.django_db
def test_an_unusable_first_password_stops_the_start(settings: Settings) -> None:
    settings.DEFAULT_PASSWORD = ""
    with pytest.raises(ImproperlyConfigured, match="DEFAULT_PASSWORD"):
        ensure_first_run()


@pytest.mark.django_db
def test_without_authentication_there_is_an_anonymous_admin_and_no_other(settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    ensure_first_run()
    ensure_first_run()
    anonymous = User.objects.get()
    assert (anonymous.id, anonymous.username, anonymous.role_id) == (ANONYMOUS_ID, "anonymous", "admin")
    assert anonymous.is_active
    assert not anonymous.check_password("")


@pytest.mark.django_db
def test_turning_authentication_on_closes_what_was_open(settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    ensure_first_run()
    settings.AUTH_ENABLED = True
    ensure_first_run()
    assert effective(User.objects.get(id=ANONYMOUS_ID)) == frozenset()
    assert User.objects.filter(username="admin", role_id="admin", is_active=True).exists()


@pytest.mark.django_db
def test_a_user_called_anonymous_does_not_stop_the_start(settings: Settings, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(username="anonymous")
    settings.AUTH_ENABLED = False
    ensure_first_run()
    assert User.objects.get(id=ANONYMOUS_ID).username == "anonymous-0020"


@pytest.mark.django_db
def test_a_deleted_default_team_stays_deleted(team: Team) -> None:
    Team.objects.filter(id=TEAM_ID).delete()
    ensure_roles_and_team()
    assert list(Team.objects.all()) == [team]


@pytest.mark.django_db
def test_the_rows_of_built_in_roles_show_what_they_hold() -> None:
    Role.objects.filter(name="user").update(permissions=[])
    ensure_roles_and_team()
    assert dict(Role.objects.values_list("name", "id")) == ROLE_IDS
    assert "tools:use" in Role.objects.get(name="user").permissions


@pytest.mark.django_db(transaction=True)
def test_two_servers_that_start_together_make_one_admin() -> None:
    together = Barrier(2)

    def start() -> None:
        together.wait()
        ensure_first_run()
        connection.close()

    threads = [Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.count() == 1
