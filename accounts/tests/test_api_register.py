"""Listing and registering users."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.bootstrap import TEAM_ID
from accounts.models import Team, User
from accounts.tests.people import create_manager, create_role, key_for, refusal
from audit.models import AuditEntry
from conftest import PASSWORD, Api, create_user

pytestmark = pytest.mark.django_db
URL = "/api/auth/register"
LIST = "/api/auth/users"


def register(client: Api, **body: Any) -> Any:
    return client.post(URL, {"username": "dora", "password": PASSWORD} | body, format="json")


class TestList:
    def test_it_shows_role_and_name_of_the_team(self, api: Api, admin: User, alice: User) -> None:
        body = api.as_user(admin).get(LIST).json()
        assert body["maxUsers"] == 0
        assert [user["username"] for user in body["users"]] == ["admin", "alice"]
        shown = body["users"][1]
        assert set(shown) == {"id", "username", "role", "team", "isActive", "storageQuota", "createdAt"}
        assert (shown["id"], shown["role"], shown["team"]) == (str(alice.id), "user", "Otters")
        assert (shown["isActive"], shown["storageQuota"]) == (True, None)

    def test_its_queries_do_not_grow_with_the_users(
        self, api: Api, admin: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = api.as_user(admin)
        for number in range(10):
            create_user(f"user{number}", team=Team.objects.create(name=f"Team {number}"))
        with django_assert_num_queries(2):
            assert len(client.get(LIST).json()["users"]) == 11

    def test_only_managers_of_users_see_it(self, api: Api, alice: User) -> None:
        assert refusal(api.get(LIST)) == (401, "AUTH_REQUIRED")
        assert refusal(api.as_user(alice).get(LIST)) == (403, "FORBIDDEN")
        assert api.as_user(create_manager()).get(LIST).status_code == 200


class TestRegister:
    def test_the_new_user_can_sign_in_and_must_change_the_password(self, api: Api, admin: User) -> None:
        answer = register(api.as_user(admin))
        user = User.objects.get(username="dora")
        assert answer.status_code == 201
        assert answer.json() == {"id": str(user.id), "username": "dora", "role": "user", "team": "Default"}
        signed_in = api.post("/api/auth/login", {"username": "dora", "password": PASSWORD}, format="json")
        assert signed_in.json()["user"]["mustChangePassword"] is True

    @pytest.mark.parametrize(
        ("asked", "given"), [("editor", "editor"), ("swimmers", "swimmers"), ("no", "user")]
    )
    def test_an_unknown_role_is_user(self, api: Api, admin: User, asked: str, given: str) -> None:
        create_role("swimmers", "tools:use")
        assert register(api.as_user(admin), role=asked).json()["role"] == given

    def test_a_team_is_found_by_name_first_and_then_by_id(self, api: Api, admin: User, team: Team) -> None:
        decoy = Team.objects.create(name=str(team.id))
        client = api.as_user(admin)
        assert register(client, username="one", team="Otters").json()["team"] == "Otters"
        assert register(client, username="two", team=str(team.id)).json()["team"] == decoy.name
        assert register(client, username="three", team=str(decoy.id)).json()["team"] == decoy.name

    def test_without_a_team_called_default_the_first_one_is_it(
        self, api: Api, admin: User, team: Team
    ) -> None:
        Team.objects.filter(pk=TEAM_ID).update(name="Renamed")
        assert register(api.as_user(admin)).json()["team"] == "Renamed"

    @pytest.mark.parametrize(
        "body",
        [
            {"username": "ab"},
            {"username": "x" * 51},
            {"username": "do ra"},
            {"username": "dora\n"},
            {"username": "dörte"},
            {"username": 7},
            {"username": None},
            {"password": "short-1A"[:7]},
            {"password": "nocapital1"},
            {"password": 7},
            {"role": 7},
            {"role": "\0"},
            {"team": ["Otters"]},
            {"team": "no such"},
            {"team": " Otters "},
            {"team": "\0"},
        ],
    )
    def test_it_refuses_what_is_not_valid(
        self, api: Api, admin: User, team: Team, body: dict[str, Any]
    ) -> None:
        assert refusal(register(api.as_user(admin), **body)) == (400, "VALIDATION_ERROR")
        assert User.objects.count() == 1

    def test_it_refuses_half_a_surrogate_pair(self, api: Api, admin: User) -> None:
        body = '{"username": "newcomer", "password": "Otter-9-swims", "team": "\\ud800"}'
        answer = api.as_user(admin).generic("POST", URL, body, content_type="application/json")
        assert refusal(answer) == (400, "VALIDATION_ERROR")

    def test_names_differ_by_case(self, api: Api, admin: User, alice: User) -> None:
        assert refusal(register(api.as_user(admin), username="alice")) == (409, "CONFLICT")
        assert register(api.as_user(admin), username="Alice").status_code == 201

    def test_a_taken_name_is_told_before_a_full_house(
        self, api: Api, admin: User, alice: User, settings: Settings
    ) -> None:
        settings.MAX_USERS = 2
        client = api.as_user(admin)
        assert refusal(register(client, username="alice")) == (409, "CONFLICT")
        assert refusal(register(client)) == (403, "USER_LIMIT_REACHED")
        assert client.get(LIST).json()["maxUsers"] == 2
        settings.MAX_USERS = 3
        assert register(client).status_code == 201

    def test_an_escalation_is_told_before_an_unknown_team(self, api: Api) -> None:
        answer = register(api.as_user(create_manager()), role="admin", team="no such")
        assert refusal(answer) == (403, "ESCALATION_DENIED")

    def test_it_is_recorded_with_the_real_actor(self, api: Api, admin: User) -> None:
        user_id = register(api.as_user(admin)).json()["id"]
        entry = AuditEntry.objects.get(action="USER_CREATED")
        assert (entry.user, entry.actor_username, entry.target_id) == (admin, "admin", user_id)
        assert entry.details == {
            "adminId": str(admin.id),
            "newUserId": user_id,
            "newUsername": "dora",
            "role": "user",
        }


class TestEscalation:
    @pytest.mark.parametrize("role", ["admin", "editor"])
    def test_a_manager_makes_nobody_who_may_do_more(self, api: Api, role: str) -> None:
        assert refusal(register(api.as_user(create_manager()), role=role)) == (403, "ESCALATION_DENIED")

    @pytest.mark.parametrize("role", ["user", "managers"])
    def test_a_manager_makes_equals(self, api: Api, role: str) -> None:
        assert register(api.as_user(create_manager()), role=role).json()["role"] == role

    def test_who_only_manages_cannot_even_make_a_user(self, api: Api) -> None:
        create_role("clerks", "users:manage")
        answer = register(api.as_user(create_user("clerk", role="clerks")))
        assert refusal(answer) == (403, "ESCALATION_DENIED")

    def test_a_key_counts_for_its_scope_only(self, api: Api, admin: User) -> None:
        narrow = api.with_token(key_for(admin, "users:manage", "tools:use"))
        assert refusal(register(narrow)) == (403, "ESCALATION_DENIED")
        create_role("swimmers", "tools:use")
        assert register(narrow, role="swimmers").status_code == 201

    def test_editors_and_users_register_nobody(self, api: Api, alice: User) -> None:
        assert refusal(register(api)) == (401, "AUTH_REQUIRED")
        for user in (alice, create_user("eddy", role="editor")):
            assert refusal(register(api.as_user(user))) == (403, "FORBIDDEN")
