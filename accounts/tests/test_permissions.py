from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Role, User
from accounts.permissions import (
    BUILTIN_ROLES,
    PERMISSIONS,
    RESERVED,
    effective,
    has_permission,
    may_use_tool,
    ordered,
)
from accounts.tests.people import create_role, limited_to
from conftest import create_user


def test_there_are_seventeen() -> None:
    assert len(PERMISSIONS) == len(set(PERMISSIONS)) == 17


def test_the_built_in_roles_hold_what_the_contract_says() -> None:
    assert ordered(BUILTIN_ROLES["editor"]) == [
        "tools:use",
        "files:own",
        "files:all",
        "apikeys:own",
        "pipelines:own",
        "pipelines:all",
        "settings:read",
    ]
    assert ordered(BUILTIN_ROLES["user"]) == [
        "tools:use",
        "files:own",
        "apikeys:own",
        "pipelines:own",
        "settings:read",
    ]
    assert ordered(BUILTIN_ROLES["admin"]) == list(PERMISSIONS)


def test_a_visitor_holds_nothing() -> None:
    assert effective(AnonymousUser()) == frozenset()


def test_somebody_disabled_holds_nothing(admin: User) -> None:
    admin.is_active = False
    assert effective(admin) == frozenset()
    assert not admin.has_perm("users:manage")


def test_a_scope_only_takes_away(alice: User) -> None:
    limited_to(alice, "tools:use", "users:manage")
    assert effective(alice) == {"tools:use"}
    assert not has_permission(alice, "tools:use", scope={"files:own"})


def test_an_empty_scope_allows_nothing(alice: User) -> None:
    limited_to(alice)
    assert effective(alice) == frozenset()


def test_the_row_of_a_built_in_role_cannot_widen_it(alice: User) -> None:
    Role.objects.filter(name="user").update(permissions=list(PERMISSIONS))
    alice.refresh_from_db()
    assert not has_permission(alice, "users:manage")


def test_a_custom_role_holds_its_row_but_never_what_is_reserved(db: None) -> None:
    Role.objects.create(name="auditor", permissions=["audit:read", "no:such", *RESERVED])
    assert effective(create_user("rick", role="auditor")) == {"audit:read"}


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("tools:use", True),
        ("accounts.view_user", True),
        ("accounts.delete_team", True),
        ("audit.view_auditentry", True),
        ("audit.change_auditentry", False),
        ("audit.delete_auditentry", False),
        ("accounts.view_nothing", False),
        ("rubbish", False),
    ],
)
def test_django_asks_the_same_function(admin: User, permission: str, allowed: bool) -> None:
    assert admin.has_perm(permission) is allowed


def test_the_admin_site_is_for_those_who_manage_something(admin: User, alice: User) -> None:
    assert (admin.is_staff, admin.is_superuser, admin.has_module_perms("accounts")) == (True, True, True)
    assert (alice.is_staff, alice.is_superuser, alice.has_module_perms("accounts")) == (False, False, False)


CROP = {"mode": "tool", "allowed": ["crop"]}


def test_a_role_without_a_limit_may_use_every_tool(alice: User) -> None:
    assert may_use_tool(alice, "crop", "essentials")
    Role.objects.filter(name="user").update(tool_permissions=CROP)
    alice.role.refresh_from_db()
    assert may_use_tool(alice, "resize", "essentials"), "a built-in role has none, whatever its row says"


@pytest.mark.parametrize(
    ("tools", "crop", "resize", "convert"),
    [
        (None, True, True, True),
        (CROP, True, False, False),
        ({"mode": "category", "allowed": ["essentials"]}, True, True, False),
        ({"mode": "category", "allowed": []}, False, False, False),
        ({"mode": "nonsense"}, False, False, False),
    ],
)
def test_the_limit_of_a_custom_role_decides(
    db: None, tools: dict[str, Any] | None, crop: bool, resize: bool, convert: bool
) -> None:
    create_role("limited", "tools:use", tools=tools)
    user = create_user("dora", role="limited")
    assert may_use_tool(user, "crop", "essentials") is crop
    assert may_use_tool(user, "resize", "essentials") is resize
    assert may_use_tool(user, "convert", "format") is convert


def test_without_tools_use_there_is_no_tool(alice: User) -> None:
    limited_to(alice, "files:own")
    create_role("readers", "files:own", tools=CROP)
    for user in (alice, create_user("dora", role="readers"), AnonymousUser()):
        assert not may_use_tool(user, "crop", "essentials")


def test_somebody_disabled_may_use_no_tool(admin: User) -> None:
    admin.is_active = False
    assert not may_use_tool(admin, "crop", "essentials")
