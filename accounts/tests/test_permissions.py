from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Role, User
from accounts.permissions import BUILTIN_ROLES, PERMISSIONS, RESERVED, effective, has_permission, ordered
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
    alice.scope = frozenset({"tools:use", "users:manage"})
    assert effective(alice) == {"tools:use"}
    assert not has_permission(alice, "tools:use", scope={"files:own"})


def test_an_empty_scope_allows_nothing(alice: User) -> None:
    alice.scope = frozenset()
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
