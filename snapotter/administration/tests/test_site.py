"""The door of the admin site, and how far each person sees."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Role, User
from accounts.permissions import ADMINISTRATIVE
from conftest import client_of, create_user
from snapotter.administration.site import SECTIONS

pytestmark = pytest.mark.django_db


def holder(*permissions: str) -> User:
    Role.objects.create(name="custom", permissions=list(permissions))
    return create_user("holder", role="custom")


def listed(client: Client) -> list[str]:
    """What the first page and the navigation offer."""
    sections: Any = client.get("/admin/").context["available_apps"]
    return [str(model["name"]) for section in sections for model in section["models"]]


class TestDoor:
    def test_a_visitor_goes_to_our_sign_in_and_comes_back(self, client: Client) -> None:
        for address in ("/admin/", "/admin/audit/auditentry/", "/admin/nowhere"):
            answer = client.get(address)
            assert (answer.status_code, answer["Location"]) == (
                302,
                f"/login?next={address.replace('/', '%2F')}",
            )

    def test_the_admins_own_sign_in_is_ours(self, client: Client) -> None:
        assert client.get("/admin/login/")["Location"] == "/login?next=%2Fadmin%2F"
        assert client.post("/admin/login/", {"username": "admin", "password": "admin"}).status_code == 302

    def test_a_pending_password_change_comes_first(self, admin: User) -> None:
        client = client_of(admin)
        User.objects.update(must_change_password=True)
        for address in ("/admin/", "/admin/audit/auditentry/", "/admin/password_change/"):
            assert client.get(address)["Location"].startswith("/change-password?next=")

    @pytest.mark.parametrize("role", ["user", "editor"])
    def test_who_holds_nothing_administrative_is_refused(self, role: str, db: None) -> None:
        client = client_of(create_user("somebody", role=role))
        for address in ("/admin/", "/admin/audit/auditentry/", "/admin/nowhere"):
            assert client.get(address).status_code == 403
        assert "/admin/" not in client.get("/").content.decode()

    def test_the_site_links_to_it_for_those_who_may(self, admin: User) -> None:
        assert 'href="/admin/"' in client_of(admin).get("/").content.decode()

    def test_it_is_open_when_signing_in_is_off(self, client: Client, settings: Settings) -> None:
        settings.AUTH_ENABLED = False
        answer = client.get("/admin/")
        assert answer.status_code == 200
        assert "Sign-in is switched off" in answer.content.decode()

    def test_signing_out_is_the_sites_own(self, admin: User) -> None:
        client = client_of(admin)
        assert client.post("/admin/logout/")["Location"] == "/login"
        assert client.get("/admin/").status_code == 302

    def test_a_password_is_changed_where_everybody_changes_it(self, admin: User) -> None:
        assert client_of(admin).get("/admin/password_change/")["Location"] == "/change-password"

    def test_the_address_without_its_slash_works_too(self, client: Client) -> None:
        assert client.get("/admin")["Location"] == "/admin/"


class TestReach:
    def test_an_auditor_sees_the_audit_log_alone(self) -> None:
        auditor = client_of(holder("audit:read"))
        assert listed(auditor) == ["Audit entries"]
        for model in site._registry:
            status = auditor.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/").status_code
            assert status == (200 if model.__name__ == "AuditEntry" else 403)

    @pytest.mark.parametrize(
        ("permission", "pages"),
        [("users:manage", ["Users", "Roles", "Sessions"]), ("teams:manage", ["Teams"])],
    )
    def test_a_manager_sees_who_is_managed(self, permission: str, pages: list[str]) -> None:
        assert listed(client_of(holder(permission))) == pages

    @pytest.mark.parametrize("permission", sorted(ADMINISTRATIVE))
    def test_every_administrative_permission_opens_the_door(self, permission: str) -> None:
        assert client_of(holder(permission)).get("/admin/").status_code == 200

    def test_every_page_is_in_a_section(self, admin: User) -> None:
        named = {name for pages in SECTIONS.values() for name in pages}
        assert {model.__name__ for model in site._registry} <= named

    def test_the_first_page_asks_the_database_for_the_session_alone(
        self, admin: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = client_of(admin)
        with django_assert_num_queries(1):
            client.get("/admin/")


def test_nothing_is_deleted_behind_the_services_back() -> None:
    assert "delete_selected" not in [name for name, _ in site.actions]
