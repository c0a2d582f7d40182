"""Teams through REST."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.bootstrap import TEAM_ID
from accounts.models import Team, User
from accounts.tests.people import create_manager, create_role, refusal
from audit.models import AuditEntry
from conftest import Api, create_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/teams"
NOBODY = [str(uuid.uuid4()), "x", "x" * 500, "%00"]
LIMITS = ["storageQuota", "retentionHours"]
NO_LIMITS: list[Any] = [0, -1, 1.5, "7", True, []]
WRONG: list[dict[str, Any]] = [
    {"name": ""},
    {"name": "  \u3000 "},
    {"name": "x" * 51},
    {"name": "a\0b"},
    {"name": "two\nlines"},
    {"name": "\u200b\u2060"},
    {"name": "Otters\u202esreviD"},
    {"name": "\ud800"},
    {"name": 7},
    *({name: value} for name in LIMITS for value in NO_LIMITS),
    {"storageQuota": 2**63},
    {"retentionHours": 2**31},
    {"storageQuota": 10**400},
]


def post(client: Api, **body: Any) -> Any:
    return client.post(URL, json.dumps({"name": "Divers"} | body), content_type="application/json")


@pytest.mark.parametrize(
    "name", ["\u0645\u06cc\u200c\u0634\u0646\u0627", "\U0001f468\u200d\U0001f33e", "\u05e9\u05dc\u05d5\u05dd"]
)
def test_any_script_names_a_team(api: Api, admin: User, name: str) -> None:
    """Persian and emoji join and part their letters with invisible ones."""
    assert post(api.as_user(admin), name=name).json()["name"] == name


def put(client: Api, team: Team, **body: Any) -> Any:
    return client.put(f"{URL}/{team.pk}", json.dumps(body), content_type="application/json")


def delete(client: Api, team: Team) -> Any:
    return client.delete(f"{URL}/{team.pk}")


def stored(team: Team) -> Team:
    return Team.objects.get(pk=team.pk)


@pytest.fixture
def manager(db: None) -> User:
    """May manage teams and nothing else."""
    create_role("captains", "teams:manage")
    return create_user("captain", role="captains")


class TestList:
    def test_it_shows_members_and_limits(self, api: Api, manager: User, alice: User, bob: User) -> None:
        Team.objects.filter(name="Otters").update(storage_quota=5, retention_hours=24)
        shown = api.as_user(manager).get(URL).json()["teams"]
        assert [(item["name"], item["memberCount"]) for item in shown] == [("Default", 1), ("Otters", 2)]
        assert shown[1].pop("createdAt").endswith("Z")
        assert shown[1] == {
            "id": str(alice.team_id),
            "name": "Otters",
            "memberCount": 2,
            "storageQuota": 5,
            "retentionHours": 24,
        }
        assert (shown[0]["storageQuota"], shown[0]["retentionHours"]) == (None, None)

    def test_its_queries_do_not_grow_with_the_teams(
        self, api: Api, manager: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = api.as_user(manager)
        for number in range(10):
            create_user(f"user{number}", team=Team.objects.create(name=f"Team {number}"))
        with django_assert_num_queries(2):
            assert len(client.get(URL).json()["teams"]) == 11

    def test_only_managers_of_teams_may_do_anything_here(self, api: Api, alice: User, team: Team) -> None:
        calls = (
            lambda client: client.get(URL),
            post,
            lambda client: put(client, team, name="Mine"),
            lambda client: delete(client, team),
        )
        for call in calls:
            assert refusal(call(api)) == (401, "AUTH_REQUIRED")
            for user in (alice, create_manager(f"manager-{uuid.uuid4()}")):
                assert refusal(call(api.as_user(user))) == (403, "FORBIDDEN")


class TestCreate:
    def test_the_name_is_trimmed(self, api: Api, manager: User) -> None:
        answer = post(api.as_user(manager), name="  Divers ")
        team = Team.objects.get(name="Divers")
        assert (answer.status_code, answer.json()) == (201, {"id": str(team.pk), "name": "Divers"})
        assert (team.storage_quota, team.retention_hours) == (None, None)

    def test_it_can_have_limits(self, api: Api, manager: User) -> None:
        assert post(api.as_user(manager), storageQuota=2**63 - 1, retentionHours=2**31 - 1).status_code == 201
        team = Team.objects.get(name="Divers")
        assert (team.storage_quota, team.retention_hours) == (2**63 - 1, 2**31 - 1)

    @pytest.mark.parametrize("body", [*WRONG, {"name": None}])
    def test_it_refuses_what_is_not_valid(self, api: Api, manager: User, body: dict[str, Any]) -> None:
        assert refusal(post(api.as_user(manager), **body)) == (400, "VALIDATION_ERROR")
        assert not Team.objects.filter(name="Divers").exists()

    def test_a_name_is_needed(self, api: Api, manager: User) -> None:
        answer = api.as_user(manager).post(URL, {}, format="json")
        assert refusal(answer) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        ("taken", "name"), [("Otters", "oTTERS "), ("Fährten", "FÄHRTEN"), ("Default", "default")]
    )
    def test_a_name_is_given_once_whatever_the_case(
        self, api: Api, manager: User, taken: str, name: str
    ) -> None:
        Team.objects.get_or_create(name=taken)
        assert refusal(post(api.as_user(manager), name=name)) == (409, "CONFLICT")

    def test_it_is_recorded(self, api: Api, manager: User) -> None:
        post(api.as_user(manager), storageQuota=5)
        entry, team = AuditEntry.objects.get(action="TEAM_CREATED"), Team.objects.get(name="Divers")
        assert (entry.user, entry.target_type, entry.target_id) == (manager, "team", str(team.pk))
        assert entry.details == {
            "adminId": str(manager.pk),
            "teamId": str(team.pk),
            "teamName": "Divers",
            "storageQuota": 5,
            "retentionHours": None,
        }


class TestUpdate:
    def test_what_is_absent_stays_and_null_lifts_a_limit(self, api: Api, manager: User, team: Team) -> None:
        client = api.as_user(manager)
        for body in (
            {"storageQuota": 5, "retentionHours": 24},
            {"name": " Divers "},
            {"retentionHours": None},
        ):
            assert put(client, team, **body).json() == {"ok": True}
        now = stored(team)
        assert (now.name, now.storage_quota, now.retention_hours) == ("Divers", 5, None)

    @pytest.mark.parametrize("name", ["Otters", "OTTERS", None])
    def test_its_own_name_is_free(self, api: Api, manager: User, team: Team, name: str | None) -> None:
        assert put(api.as_user(manager), team, name=name).status_code == 200
        assert stored(team).name == (name or "Otters")

    def test_what_changes_nothing_is_not_recorded(self, api: Api, manager: User, team: Team) -> None:
        assert put(api.as_user(manager), team, name="Otters", storageQuota=None).status_code == 200
        assert not AuditEntry.objects.filter(action="TEAM_UPDATED").exists()

    @pytest.mark.parametrize("body", WRONG)
    def test_it_refuses_what_is_not_valid(
        self, api: Api, manager: User, team: Team, body: dict[str, Any]
    ) -> None:
        assert refusal(put(api.as_user(manager), team, **body)) == (400, "VALIDATION_ERROR")

    def test_a_taken_name_is_a_conflict(self, api: Api, manager: User, team: Team) -> None:
        assert refusal(put(api.as_user(manager), team, name="DEFAULT")) == (409, "CONFLICT")

    @pytest.mark.parametrize("team_id", NOBODY)
    def test_a_wrong_id_is_told_before_a_wrong_body(self, api: Api, manager: User, team_id: str) -> None:
        client = api.as_user(manager)
        assert refusal(client.put(f"{URL}/{team_id}", {"name": 7}, format="json")) == (404, "NOT_FOUND")
        answer = client.put(f"{URL}/{team_id}", "{", content_type="application/json")
        assert refusal(answer) == (404, "NOT_FOUND")

    def test_it_is_recorded_under_the_name_it_had(self, api: Api, manager: User, team: Team) -> None:
        put(api.as_user(manager), team, name="Divers", retentionHours=24)
        entry = AuditEntry.objects.get(action="TEAM_UPDATED")
        assert (entry.user, entry.target_type, entry.target_id) == (manager, "team", str(team.pk))
        assert entry.details == {
            "adminId": str(manager.pk),
            "teamId": str(team.pk),
            "teamName": "Otters",
            "changes": {"name": "Divers", "retentionHours": 24},
        }


class TestDelete:
    def test_an_empty_team_goes(self, api: Api, manager: User, team: Team) -> None:
        assert delete(api.as_user(manager), team).json() == {"ok": True}
        assert not Team.objects.filter(pk=team.pk).exists()
        entry = AuditEntry.objects.get(action="TEAM_DELETED")
        assert (entry.user, entry.target_type, entry.target_id) == (manager, "team", str(team.pk))
        assert entry.details == {
            "adminId": str(manager.pk),
            "teamId": str(team.pk),
            "teamName": "Otters",
        }

    def test_a_team_with_members_stays(self, api: Api, manager: User, alice: User) -> None:
        assert alice.team is not None
        answer = delete(api.as_user(manager), alice.team)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert "members" in answer.json()["error"]

    def test_default_stays_as_long_as_it_is_called_so(self, api: Api, manager: User, team: Team) -> None:
        User.objects.update(team=team)
        client, default = api.as_user(manager), Team.objects.get(pk=TEAM_ID)
        answer = delete(client, default)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert "Default" in answer.json()["error"]
        assert put(client, default, name="default").status_code == 200
        assert delete(client, default).status_code == 200

    @pytest.mark.parametrize("team_id", NOBODY)
    def test_there_is_no_such_team(self, api: Api, manager: User, team_id: str) -> None:
        assert refusal(api.as_user(manager).delete(f"{URL}/{team_id}")) == (404, "NOT_FOUND")
