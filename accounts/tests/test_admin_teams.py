"""Teams in the admin site."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from accounts.tests.admin_forms import errors, save
from accounts.tests.people import create_manager, create_role
from audit.models import AuditEntry
from conftest import client_of, create_user

pytestmark = pytest.mark.django_db
TEAMS = "/admin/accounts/team/"
ADD = f"{TEAMS}add/"


def page_of(team: Team) -> str:
    return f"{TEAMS}{team.pk}/change/"


@pytest.fixture
def lead(db: None) -> User:
    create_role("leads", "teams:manage")
    return create_user("lead", role="leads")


def test_somebody_who_may_makes_one(lead: User) -> None:
    save(client_of(lead), ADD, name="Beavers", storage_quota="1.5 GB", retention_hours="5")
    made = Team.objects.get(name="Beavers")
    assert (made.storage_quota, made.retention_hours) == (3 * 2**29, 5)
    entry = AuditEntry.objects.get(action="TEAM_CREATED")
    assert (entry.actor_username, entry.target_id) == ("lead", str(made.pk))


def test_one_is_renamed_and_its_limits_lifted(lead: User, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(storage_quota=5, retention_hours=5)
    save(client_of(lead), page_of(team), name="Beavers", storage_quota=None, retention_hours=None)
    team.refresh_from_db()
    assert (team.name, team.storage_quota, team.retention_hours) == ("Beavers", None, None)
    assert AuditEntry.objects.filter(action="TEAM_UPDATED").exists()


def test_saving_untouched_changes_nothing(lead: User, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(storage_quota=2**30 + 1)
    save(client_of(lead), page_of(team))
    team.refresh_from_db()
    assert team.storage_quota == 2**30 + 1
    assert not AuditEntry.objects.exists()


def test_what_somebody_else_changed_meanwhile_stays(lead: User, team: Team) -> None:
    client = client_of(lead)
    late = {
        "initial-name": team.name,
        "initial-storage_quota": "",
        "storage_quota": "",
        "retention_hours": "7",
    }
    Team.objects.filter(pk=team.pk).update(storage_quota=5)
    client.post(page_of(team), {"name": team.name, **late})
    team.refresh_from_db()
    assert (team.storage_quota, team.retention_hours) == (5, 7)


def test_a_taken_name_is_told_at_the_name(lead: User, team: Team) -> None:
    answer = save(client_of(lead), ADD, name="OTTERS")
    assert errors(answer) == {"name": ["There is a team of that name already"]}


@pytest.mark.parametrize("size", ["5", "5 hours", "-1 GB", "0 MB", "9999999999 TB", "1e9 GB", "NaN GB"])
def test_a_wrong_size_is_told_at_the_quota(lead: User, team: Team, size: str) -> None:
    assert list(errors(save(client_of(lead), page_of(team), storage_quota=size))) == ["storage_quota"]


@pytest.mark.parametrize(("name", "hours"), [("x" * 51, "0"), ("", "-1"), ("a\0b", "99999999999")])
def test_wrong_values_are_told_at_their_fields(lead: User, team: Team, name: str, hours: str) -> None:
    answer = save(client_of(lead), page_of(team), name=name, retention_hours=hours)
    assert set(errors(answer)) == {"name", "retention_hours"}


def test_one_without_members_is_deleted(lead: User, team: Team) -> None:
    client = client_of(lead)
    create_user("member", team=team)
    page = client.post(f"{TEAMS}{team.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert "The team has members" in page
    User.objects.filter(username="member").delete()
    client.post(f"{TEAMS}{team.pk}/delete/", {"post": "yes"})
    assert not Team.objects.filter(pk=team.pk).exists()
    assert AuditEntry.objects.filter(action="TEAM_DELETED", target_id=str(team.pk)).exists()


def test_the_team_of_newcomers_stays(lead: User) -> None:
    default = Team.objects.get(name="Default")
    assert client_of(lead).post(f"{TEAMS}{default.pk}/delete/", {"post": "yes"}).status_code == 403


def test_without_the_permission_they_are_not_there(team: Team) -> None:
    client = client_of(create_manager())
    for address in (TEAMS, ADD, page_of(team), f"{TEAMS}{team.pk}/delete/"):
        assert client.get(address).status_code == 403
        assert client.post(address, {"name": "x", "post": "yes"}).status_code == 403


def test_the_list_tells_members_and_limits_in_as_many_queries_as_one(
    lead: User, alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Team.objects.filter(name="Otters").update(storage_quota=2**30, retention_hours=5)
    Team.objects.bulk_create(Team(name=f"Team {number}") for number in range(20))
    client = client_of(lead)
    with django_assert_num_queries(3):  # who asks, how many there are, the teams
        answer: Any = client.get(f"{TEAMS}?o=-1")
    first = next(iter(answer.context["cl"].result_list))
    assert (first.name, first.member_count) == ("Otters", 2)
    page = answer.content.decode()
    assert "1 GB" in page
    assert "5 hours" in page
