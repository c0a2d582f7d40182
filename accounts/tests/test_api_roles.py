"""Roles through REST."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, Session, User
from accounts.permissions import GRANTABLE, PERMISSIONS, RESERVED
from accounts.tests.people import MANAGER, create_manager, create_role, key_for, refusal
from audit.models import AuditEntry
from conftest import Api, create_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/roles"
CROP = {"mode": "tool", "allowed": ["crop"]}
NOBODY = [str(uuid.uuid4()), "x", "x" * 500, "%00"]
WRONG_SHAPES: list[dict[str, Any]] = [
    {"name": 7},
    {"permissions": "files:own"},
    {"permissions": [7]},
    {"permissions": ["files:own\0"]},
    {"permissions": ["\ud800"]},
    {"permissions": ["x" * 101]},
    {"permissions": ["files:own"] * 200},
    {"description": 7},
    {"description": "a\0b"},
    {"description": "Otters\u202esreviD"},
    {"description": "\udfff"},
    {"description": "x" * 501},
    {"toolPermissions": "all"},
    {"toolPermissions": []},
    {"toolPermissions": {"mode": "tool"}},
    {"toolPermissions": {"mode": "section", "allowed": []}},
    {"toolPermissions": CROP | {"denied": []}},
    {"toolPermissions": CROP | {"\ud800": []}},
    {"toolPermissions": {"mode": "tool", "allowed": ["crop", "crop"]}},
    {"toolPermissions": {"mode": "tool", "allowed": ["teapot"]}},
    {"toolPermissions": {"mode": "category", "allowed": ["crop"]}},
]
WRONG_NAMES = ["", "x", "x" * 31, "two words", "naïve", "a/b", "a\0b", "\ud800\ud800", "ab\ncd"]


def post(client: Api, **body: Any) -> Any:
    body = {"name": "swimmers", "permissions": ["files:own"]} | body
    return client.post(URL, json.dumps(body), content_type="application/json")


def put(client: Api, role: Role, **body: Any) -> Any:
    return client.put(f"{URL}/{role.pk}", json.dumps(body), content_type="application/json")


def delete(client: Api, role: Role) -> Any:
    return client.delete(f"{URL}/{role.pk}")


def stored(role: Role) -> Role:
    return Role.objects.get(pk=role.pk)


@pytest.fixture
def swimmers(db: None) -> Role:
    return create_role("swimmers", "tools:use", "files:own")


@pytest.fixture
def dora(swimmers: Role) -> User:
    return create_user("dora", role="swimmers")


class TestList:
    def test_it_shows_what_a_role_holds_and_how_many_have_it(
        self, api: Api, admin: User, alice: User, bob: User
    ) -> None:
        role = create_role("croppers", "files:own", "tools:use", "security:manage", tools=CROP)
        shown = api.as_user(admin).get(URL).json()["roles"]
        assert [(item["name"], item["userCount"], item["isBuiltin"]) for item in shown] == [
            ("admin", 1, True),
            ("editor", 0, True),
            ("user", 2, True),
            ("croppers", 0, False),
        ]
        assert shown[0]["permissions"] == list(PERMISSIONS)
        moments = {name: shown[3].pop(name) for name in ("createdAt", "updatedAt")}
        assert all(moment.endswith("Z") for moment in moments.values())
        assert shown[3] == {
            "id": str(role.pk),
            "name": "croppers",
            "description": "",
            "permissions": ["tools:use", "files:own"],
            "toolPermissions": CROP,
            "isBuiltin": False,
            "userCount": 0,
        }

    def test_a_limit_that_cannot_be_read_is_shown_as_what_it_means(self, api: Api, admin: User) -> None:
        create_role("broken", "tools:use", tools={"mode": "all"})
        shown = api.as_user(admin).get(URL).json()["roles"]
        assert shown[-1]["toolPermissions"] == {"mode": "tool", "allowed": []}

    def test_its_queries_do_not_grow_with_the_roles(
        self, api: Api, admin: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = api.as_user(admin)
        for number in range(10):
            create_role(f"role{number}", "files:own")
            create_user(f"user{number}", role=f"role{number}")
        with django_assert_num_queries(2):
            assert len(client.get(URL).json()["roles"]) == 13

    def test_only_auditors_see_it(self, api: Api, alice: User) -> None:
        create_role("auditors", "audit:read")
        assert refusal(api.get(URL)) == (401, "AUTH_REQUIRED")
        assert refusal(api.as_user(alice).get(URL)) == (403, "FORBIDDEN")
        assert refusal(api.as_user(create_manager()).get(URL)) == (403, "FORBIDDEN")
        assert api.as_user(create_user("rick", role="auditors")).get(URL).status_code == 200


class TestCreate:
    def test_it_answers_what_it_stored(self, api: Api, admin: User) -> None:
        asked = {
            "name": "  SwimMers ",
            "description": " In the river ",
            "permissions": ["files:own", "tools:use", "files:own"],
            "toolPermissions": CROP,
        }
        answer = post(api.as_user(admin), **asked)
        role = Role.objects.get(name="swimmers")
        assert answer.status_code == 201
        assert answer.json() == {
            "id": str(role.pk),
            "name": "swimmers",
            "description": "In the river",
            "permissions": ["tools:use", "files:own"],
            "toolPermissions": CROP,
            "isBuiltin": False,
        }
        assert (role.description, role.permissions, role.tool_permissions, role.created_by) == (
            "In the river",
            ["tools:use", "files:own"],
            CROP,
            admin,
        )

    def test_description_and_limit_may_be_left_out(self, api: Api, admin: User) -> None:
        answer = post(api.as_user(admin)).json()
        assert (answer["description"], answer["toolPermissions"]) == ("", None)
        assert Role.objects.filter(name="swimmers", tool_permissions__isnull=True).exists()

    @pytest.mark.parametrize("body", WRONG_SHAPES)
    def test_it_refuses_a_wrong_shape(self, api: Api, admin: User, body: dict[str, Any]) -> None:
        assert refusal(post(api.as_user(admin), **body)) == (400, "VALIDATION_ERROR")
        assert not Role.objects.filter(name="swimmers").exists()

    @pytest.mark.parametrize("name", [*WRONG_NAMES, None])
    def test_it_refuses_a_wrong_name(self, api: Api, admin: User, name: Any) -> None:
        assert refusal(post(api.as_user(admin), name=name)) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("missing", ["name", "permissions"])
    def test_name_and_permissions_are_needed(self, api: Api, admin: User, missing: str) -> None:
        body = {"name": "swimmers", "permissions": ["files:own"]}
        del body[missing]
        answer = api.as_user(admin).post(URL, body, format="json")
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert refusal(post(api.as_user(admin), permissions=[])) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("permission", ["files:eat", "", *sorted(RESERVED)])
    def test_it_refuses_unknown_and_reserved_permissions(
        self, api: Api, admin: User, permission: str
    ) -> None:
        answer = post(api.as_user(admin), permissions=["files:own", permission])
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert "Invalid permissions" in answer.json()["error"]
        assert permission in answer.json()["error"]

    @pytest.mark.parametrize("name", ["swimmers", "SWIMMERS", "admin", "user"])
    def test_a_name_is_given_once(self, api: Api, admin: User, swimmers: Role, name: str) -> None:
        assert refusal(post(api.as_user(admin), name=name)) == (409, "CONFLICT")

    def test_nobody_makes_a_role_beyond_the_own_one(self, api: Api) -> None:
        client = api.as_user(create_manager())
        answer = post(client, permissions=[*MANAGER, "files:all"])
        assert refusal(answer) == (403, "ESCALATION_DENIED")
        assert post(client, permissions=MANAGER).status_code == 201

    def test_nobody_limited_to_tools_makes_a_role_with_others(self, api: Api) -> None:
        create_role("limited", "tools:use", "users:manage", tools=CROP)
        client = api.as_user(create_user("dora", role="limited"))
        tools = {"mode": "tool", "allowed": ["crop", "resize"]}
        for wider in (None, tools, {"mode": "category", "allowed": ["essentials"]}):
            answer = post(client, permissions=["tools:use"], toolPermissions=wider)
            assert refusal(answer) == (403, "ESCALATION_DENIED")
        assert post(client, permissions=["tools:use"], toolPermissions=CROP).status_code == 201

    def test_a_key_counts_as_its_scope(self, api: Api, admin: User) -> None:
        client = api.with_token(key_for(admin, "users:manage", "files:own"))
        assert refusal(post(client, permissions=["files:all"])) == (403, "ESCALATION_DENIED")
        assert post(client).status_code == 201

    def test_it_needs_a_manager_of_users(self, api: Api, alice: User) -> None:
        create_role("auditors", "audit:read")
        assert refusal(post(api)) == (401, "AUTH_REQUIRED")
        for user in (alice, create_user("rick", role="auditors")):
            assert refusal(post(api.as_user(user))) == (403, "FORBIDDEN")

    def test_it_is_recorded(self, api: Api, admin: User) -> None:
        post(api.as_user(admin), toolPermissions=CROP)
        entry, role = AuditEntry.objects.get(action="ROLE_CREATED"), Role.objects.get(name="swimmers")
        assert (entry.user, entry.target_type, entry.target_id) == (admin, "role", str(role.pk))
        assert entry.details == {
            "adminId": str(admin.pk),
            "roleId": str(role.pk),
            "roleName": "swimmers",
            "permissions": ["files:own"],
            "toolPermissions": CROP,
        }


class TestUpdate:
    def test_what_is_absent_stays(self, api: Api, admin: User, swimmers: Role) -> None:
        changes: list[dict[str, Any]] = [
            {"description": " Wet "},
            {"toolPermissions": CROP},
            {"permissions": []},
            {"name": None},
        ]
        for body in changes:
            assert put(api.as_user(admin), swimmers, **body).json() == {"ok": True}
        role = stored(swimmers)
        assert (role.name, role.description, role.permissions, role.tool_permissions) == (
            "swimmers",
            "Wet",
            [],
            CROP,
        )
        assert role.updated_at > swimmers.updated_at
        assert put(api.as_user(admin), swimmers, toolPermissions=None).status_code == 200
        assert stored(swimmers).tool_permissions is None

    def test_other_permissions_act_at_once_on_sessions_and_keys(
        self, api: Api, admin: User, swimmers: Role, dora: User
    ) -> None:
        put(api.as_user(admin), swimmers, permissions=["apikeys:own", "audit:read"])
        session, key = api.as_user(dora), api.with_token(key_for(dora))
        for client in (session, key):
            assert client.get("/api/v1/audit-log").status_code == 200
        put(api.as_user(admin), swimmers, permissions=["apikeys:own"])
        for client in (session, key):
            assert refusal(client.get("/api/v1/audit-log")) == (403, "FORBIDDEN")

    def test_users_follow_a_new_name_and_stay_signed_in(
        self, api: Api, admin: User, swimmers: Role, dora: User
    ) -> None:
        client = api.as_user(dora)
        assert put(api.as_user(admin), swimmers, name=" Divers ").status_code == 200
        assert stored(swimmers).name == "divers"
        assert client.get("/api/auth/session").json()["user"]["role"] == "divers"

    def test_its_own_name_is_free(self, api: Api, admin: User, swimmers: Role) -> None:
        assert put(api.as_user(admin), swimmers, name="Swimmers").status_code == 200
        assert not AuditEntry.objects.filter(action="ROLE_UPDATED").exists()

    @pytest.mark.parametrize("body", WRONG_SHAPES)
    def test_it_refuses_a_wrong_shape(
        self, api: Api, admin: User, swimmers: Role, body: dict[str, Any]
    ) -> None:
        assert refusal(put(api.as_user(admin), swimmers, **body)) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("name", WRONG_NAMES)
    def test_it_refuses_a_wrong_name(self, api: Api, admin: User, swimmers: Role, name: str) -> None:
        assert refusal(put(api.as_user(admin), swimmers, name=name)) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("permission", ["files:eat", *sorted(RESERVED)])
    def test_a_wrong_permission_leaves_the_name_alone(
        self, api: Api, admin: User, swimmers: Role, dora: User, permission: str
    ) -> None:
        answer = put(api.as_user(admin), swimmers, name="divers", permissions=[permission])
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert "Invalid permissions" in answer.json()["error"]
        assert (stored(swimmers).name, User.objects.get(pk=dora.pk).role_id) == ("swimmers", "swimmers")

    def test_a_taken_name_is_told_before_a_wrong_permission(
        self, api: Api, admin: User, swimmers: Role
    ) -> None:
        answer = put(api.as_user(admin), swimmers, name="editor", permissions=["files:eat"])
        assert refusal(answer) == (409, "CONFLICT")

    @pytest.mark.parametrize("role_id", NOBODY)
    def test_a_wrong_id_is_told_before_a_wrong_body(self, api: Api, admin: User, role_id: str) -> None:
        client = api.as_user(admin)
        assert refusal(client.put(f"{URL}/{role_id}", {"name": 7}, format="json")) == (404, "NOT_FOUND")
        answer = client.put(f"{URL}/{role_id}", "{", content_type="application/json")
        assert refusal(answer) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("body", [{}, {"description": "Mine"}, {"name": 7}])
    def test_built_in_roles_stay(self, api: Api, admin: User, body: dict[str, Any]) -> None:
        for role in Role.objects.filter(is_builtin=True):
            answer = put(api.as_user(admin), role, **body)
            assert refusal(answer) == (400, "VALIDATION_ERROR")
            assert "built-in" in answer.json()["error"]

    @pytest.mark.parametrize("body", ["[]", '"x"', "{", "7"])
    def test_it_refuses_what_is_no_object(self, api: Api, admin: User, swimmers: Role, body: str) -> None:
        answer = api.as_user(admin).put(f"{URL}/{swimmers.pk}", body, content_type="application/json")
        assert answer.status_code == 400

    def test_nobody_widens_a_role_beyond_the_own_one(self, api: Api, swimmers: Role) -> None:
        manager = create_manager()
        client = api.as_user(manager)
        for role in (swimmers, manager.role):
            answer = put(client, role, permissions=[*MANAGER, "audit:read"])
            assert refusal(answer) == (403, "ESCALATION_DENIED")
        assert put(client, swimmers, permissions=MANAGER).status_code == 200

    def test_nobody_touches_a_role_beyond_the_own_one(self, api: Api) -> None:
        auditors = create_role("auditors", "audit:read")
        client = api.as_user(create_manager())
        bodies: list[dict[str, Any]] = [{"name": "renamed"}, {"permissions": []}, {"description": "x"}, {}]
        for body in bodies:
            assert refusal(put(client, auditors, **body)) == (403, "ESCALATION_DENIED")

    def test_nobody_lifts_the_limit_of_the_own_role(self, api: Api) -> None:
        role = create_role("limited", "tools:use", "users:manage", tools=CROP)
        client = api.as_user(create_user("dora", role="limited"))
        for wider in (None, {"mode": "tool", "allowed": ["crop", "resize"]}):
            assert refusal(put(client, role, toolPermissions=wider)) == (403, "ESCALATION_DENIED")
        assert stored(role).tool_permissions == CROP

    def test_a_key_counts_as_its_scope(self, api: Api, admin: User, swimmers: Role) -> None:
        client = api.with_token(key_for(admin, "users:manage", "files:own"))
        assert refusal(put(client, swimmers, description="x")) == (403, "ESCALATION_DENIED")

    def test_it_is_recorded_under_the_name_it_had(self, api: Api, admin: User, swimmers: Role) -> None:
        put(api.as_user(admin), swimmers, name="divers", permissions=["files:own"], toolPermissions=CROP)
        entry = AuditEntry.objects.get(action="ROLE_UPDATED")
        assert (entry.user, entry.target_type, entry.target_id) == (admin, "role", str(swimmers.pk))
        assert entry.details == {
            "adminId": str(admin.pk),
            "roleId": str(swimmers.pk),
            "roleName": "swimmers",
            "changes": {"name": "divers", "permissions": ["files:own"], "toolPermissions": CROP},
        }


class TestDelete:
    def test_its_users_get_the_role_user_and_stay_signed_in(
        self, api: Api, admin: User, swimmers: Role, dora: User
    ) -> None:
        client = api.as_user(dora)
        assert delete(api.as_user(admin), swimmers).json() == {"ok": True}
        assert not Role.objects.filter(pk=swimmers.pk).exists()
        assert client.get("/api/auth/session").json()["user"]["role"] == "user"
        assert Session.objects.filter(user=dora).exists()

    @pytest.mark.parametrize("role_id", NOBODY)
    def test_there_is_no_such_role(self, api: Api, admin: User, role_id: str) -> None:
        assert refusal(api.as_user(admin).delete(f"{URL}/{role_id}")) == (404, "NOT_FOUND")

    def test_built_in_roles_stay(self, api: Api, admin: User) -> None:
        for role in Role.objects.filter(is_builtin=True):
            assert refusal(delete(api.as_user(admin), role)) == (400, "VALIDATION_ERROR")
        assert Role.objects.count() == 3

    def test_nobody_deletes_a_role_beyond_the_own_one(self, api: Api) -> None:
        auditors = create_role("auditors", "audit:read")
        assert refusal(delete(api.as_user(create_manager()), auditors)) == (403, "ESCALATION_DENIED")

    def test_nobody_gives_users_more_by_deleting_their_role(self, api: Api) -> None:
        """Who does not hold what `user` does cannot make users of them."""
        create_role("wardens", "users:manage", "files:own")
        client = api.as_user(create_user("warden", role="wardens"))
        readers = create_role("readers", "files:own")
        reader = create_user("reader", role="readers")
        assert refusal(delete(client, readers)) == (403, "ESCALATION_DENIED")
        User.objects.filter(pk=reader.pk).delete()
        assert delete(client, readers).status_code == 200

    def test_nobody_deletes_the_own_role(self, api: Api) -> None:
        manager = create_manager()
        assert refusal(delete(api.as_user(manager), manager.role)) == (400, "SELF_DEMOTE")
        assert User.objects.get(pk=manager.pk).role_id == "managers"

    def test_it_is_recorded(self, api: Api, admin: User, swimmers: Role, dora: User) -> None:
        delete(api.as_user(admin), swimmers)
        entry = AuditEntry.objects.get(action="ROLE_DELETED")
        assert (entry.user, entry.target_type, entry.target_id) == (admin, "role", str(swimmers.pk))
        assert entry.details == {
            "adminId": str(admin.pk),
            "roleId": str(swimmers.pk),
            "roleName": "swimmers",
            "movedUsers": 1,
        }


def test_an_admin_may_give_whatever_can_be_given(api: Api, admin: User) -> None:
    assert post(api.as_user(admin), permissions=sorted(GRANTABLE)).status_code == 201
