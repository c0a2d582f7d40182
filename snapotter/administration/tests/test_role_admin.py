"""Roles in the admin site: explained, and changed by the same services as through REST."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from accounts.tests.admin_forms import errors, save
from accounts.tests.people import create_manager, create_role
from audit.models import AuditEntry
from conftest import client_of, create_user

pytestmark = pytest.mark.django_db
ROLES = "/admin/accounts/role/"
ADD = f"{ROLES}add/"


def page_of(role: Role, page: str = "change") -> str:
    return f"{ROLES}{role.pk}/{page}/"


@pytest.fixture
def rafters(db: None) -> Role:
    return create_role("rafters", "tools:use", "files:own")


def test_an_administrator_makes_one(admin: User) -> None:
    limit = {"mode": "tool", "tools": ["crop", "resize"]}
    save(client_of(admin), ADD, name="Croppers", description="Crop", permissions=["tools:use"], **limit)
    made = Role.objects.get(name="croppers")
    assert (made.description, made.permissions, made.created_by) == ("Crop", ["tools:use"], admin)
    assert made.tool_permissions == {"mode": "tool", "allowed": ["crop", "resize"]}
    assert AuditEntry.objects.get(action="ROLE_CREATED").target_id == str(made.pk)


def test_permissions_name_and_tools_change(admin: User, rafters: Role) -> None:
    holder = create_user("holder", role="rafters")
    changes = {"permissions": ["tools:use", "audit:read"], "mode": "category", "categories": ["essentials"]}
    save(client_of(admin), page_of(rafters), name="auditors", **changes)
    rafters.refresh_from_db()
    assert (rafters.name, rafters.permissions) == ("auditors", ["tools:use", "audit:read"])
    assert rafters.tool_permissions == {"mode": "category", "allowed": ["essentials"]}
    assert User.objects.get(pk=holder.pk).role_id == "auditors"
    assert AuditEntry.objects.get(action="ROLE_UPDATED").actor_username == "admin"


def test_a_limit_of_tools_is_lifted(admin: User) -> None:
    role = create_role("croppers", "tools:use", tools={"mode": "tool", "allowed": ["crop"]})
    save(client_of(admin), page_of(role), mode="all")
    assert Role.objects.get(pk=role.pk).tool_permissions is None


@pytest.mark.parametrize(
    "limit",
    [
        None,
        {"mode": "category", "allowed": ["essentials"]},
        {"mode": "tool", "allowed": ["crop", "gone-tool"]},
        {"mode": "category", "allowed": []},
    ],
)
def test_saving_untouched_changes_nothing(admin: User, limit: dict[str, Any] | None) -> None:
    role = create_role("croppers", "files:own", "tools:use", tools=limit)
    save(client_of(admin), page_of(role))
    assert not AuditEntry.objects.exists()
    save(client_of(admin), page_of(role), description="New")
    role.refresh_from_db()
    assert (role.description, role.tool_permissions) == ("New", limit)


def test_what_somebody_else_changed_meanwhile_stays(admin: User, rafters: Role) -> None:
    client = client_of(admin)
    seen = {"permissions": ["tools:use", "files:own"], "initial-permissions": ["tools:use", "files:own"]}
    late = {"name": "rafters", "initial-name": "rafters", "mode": "all", "initial-mode": "all"}
    Role.objects.filter(pk=rafters.pk).update(permissions=["tools:use"])
    client.post(page_of(rafters), {**seen, **late, "initial-description": "", "description": "New"})
    rafters.refresh_from_db()
    assert (rafters.description, rafters.permissions) == ("New", ["tools:use"])


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "x"}, "name"),
        ({"name": None}, "name"),
        ({"name": "editor"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"permissions": None}, "permissions"),
        ({"permissions": ["compliance:manage"]}, "permissions"),
        ({"permissions": ["nothing"]}, "permissions"),
        ({"mode": "nothing"}, "mode"),
        ({"tools": ["nothing"]}, "tools"),
        ({"categories": ["nothing"]}, "categories"),
    ],
)
def test_a_mistake_is_told_at_its_field(admin: User, typed: dict[str, Any], field: str) -> None:
    filled = {"name": "croppers", "permissions": ["tools:use"], "mode": "all"} | typed
    answer = save(client_of(admin), ADD, **filled)
    assert list(errors(answer)) == [field]
    assert errors(answer)[field][0] in answer.content.decode().replace("&#x27;", "'")
    assert not Role.objects.filter(name="croppers").exists()


def test_a_tool_chosen_twice_counts_once(admin: User) -> None:
    tools = {"mode": "tool", "tools": ["crop", "crop"]}
    save(client_of(admin), ADD, name="croppers", permissions=["tools:use"], **tools)
    assert Role.objects.get(name="croppers").tool_permissions == {"mode": "tool", "allowed": ["crop"]}


class TestEscalation:
    def test_what_one_does_not_hold_is_disabled_and_refused(self, rafters: Role) -> None:
        client = client_of(create_manager())
        page = client.get(page_of(rafters)).content.decode()
        assert "You do not hold it yourself" in page
        answer = save(client, page_of(rafters), permissions=["tools:use", "audit:read"])
        assert errors(answer) == {"permissions": ["You cannot give a role what you do not hold yourself."]}
        rafters.refresh_from_db()
        assert rafters.permissions == ["tools:use", "files:own"]

    def test_an_administrator_sees_no_reason(self, admin: User, rafters: Role) -> None:
        assert "You do not hold it yourself" not in client_of(admin).get(page_of(rafters)).content.decode()

    def test_who_is_limited_to_some_tools_lifts_no_limit(self, db: None) -> None:
        crop = {"mode": "tool", "allowed": ["crop"]}
        create_role("limited", "tools:use", "users:manage", tools=crop)
        role = create_role("croppers", "tools:use", tools=crop)
        answer = save(client_of(create_user("limited", role="limited")), page_of(role), mode="all")
        assert errors(answer) == {"mode": ["You cannot give a role what you do not hold yourself."]}

    def test_a_role_beyond_oneself_is_shown_only(self, db: None) -> None:
        beyond = create_role("auditors", "audit:read")
        client = client_of(create_manager())
        page = client.get(page_of(beyond)).content.decode()
        assert "may do more than you" in page
        assert "Read the audit log" in page
        assert 'name="permissions"' not in page
        assert client.post(page_of(beyond), {"name": "mine"}).status_code == 403
        assert client.post(page_of(beyond, "delete"), {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize("name", ["admin", "editor", "user"])
    def test_the_built_in_ones_stay(self, admin: User, name: str) -> None:
        role, client = Role.objects.get(name=name), client_of(admin)
        page = client.get(page_of(role)).content.decode()
        assert "A built-in role is the same on every server" in page
        assert "Every tool." in page
        assert client.post(page_of(role), {"name": "mine"}).status_code == 403
        assert client.post(page_of(role, "delete"), {"post": "yes"}).status_code == 403


class TestHolders:
    def test_they_are_listed_with_links_and_a_count_of_the_others(self, admin: User, rafters: Role) -> None:
        held = [create_user(f"holder-{number:02}", role="rafters") for number in range(23)]
        page = client_of(admin).get(page_of(rafters)).content.decode()
        assert f'href="/admin/accounts/user/{held[0].pk}/change/"' in page
        assert "holder-20" not in page
        assert 'href="/admin/accounts/user/?role=rafters">and 3 more</a>' in page
        assert "What you save acts at once on 23 users" in page

    def test_they_become_users_when_it_is_deleted(self, admin: User, rafters: Role) -> None:
        holder = create_user("holder", role="rafters")
        client = client_of(admin)
        page = client.get(page_of(rafters, "delete")).content.decode()
        assert "1 user holds it. They get the role <code>user</code> at once" in page
        client.post(page_of(rafters, "delete"), {"post": "yes"})
        assert User.objects.get(pk=holder.pk).role_id == "user"
        assert AuditEntry.objects.filter(action="ROLE_DELETED").exists()

    def test_nobody_deletes_the_own_role(self, db: None) -> None:
        manager = create_manager()
        client = client_of(manager)
        answer = client.post(page_of(manager.role, "delete"), {"post": "yes"}, follow=True)
        assert "You cannot take your own rights away" in answer.content.decode()
        assert Role.objects.filter(name="managers").exists()


def test_the_list_costs_the_same_for_one_as_for_many(
    admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        create_role(f"role-{number}", "tools:use", "files:own")
        create_user(f"user-{number}", role=f"role-{number}")
    client = client_of(admin)
    with django_assert_num_queries(3):  # who asks, how many there are, the roles with their users
        answer: Any = client.get(ROLES)
    assert [role.name for role in answer.context["cl"].result_list][:4] == [
        "admin",
        "editor",
        "user",
        "role-0",
    ]
    answer = client.get(f"{ROLES}?q=role-1")
    assert answer.context["cl"].result_count == 11


def test_a_page_costs_the_same_for_many_holders(
    admin: User, rafters: Role, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        create_user(f"user-{number}", role="rafters")
    client = client_of(admin)
    with django_assert_max_num_queries(5):  # who asks, a savepoint and its end, the role, its holders
        client.get(page_of(rafters))


def test_without_the_permission_they_are_not_there(rafters: Role) -> None:
    create_role("rest", "audit:read", "teams:manage", "settings:write")
    client = client_of(create_user("rest", role="rest"))
    for address in (ROLES, ADD, page_of(rafters), page_of(rafters, "delete")):
        assert client.get(address).status_code == 403
        assert client.post(address, {"name": "x", "post": "yes"}).status_code == 403
