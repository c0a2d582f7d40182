"""The sign-in pages and the door in front of the others."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Session, User
from accounts.views import signed_in
from audit.models import AuditEntry
from conftest import PASSWORD, give_password, session_of

NEW = "Otter-8-dives"


@signed_in()
def members(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


@signed_in("audit:read")
def auditors(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


urlpatterns = [
    path("test-members", members),
    path("test-auditors", auditors),
    path("", include("snapotter.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def owner(alice: User) -> User:
    return give_password(alice)


def signed(client: Client, user: User) -> Client:
    client.cookies["snapotter-session"] = session_of(user).id
    return client


def sign_in(client: Client, password: str = PASSWORD, **data: str) -> Any:
    return client.post("/login", {"username": "alice", "password": password, **data})


class TestDoor:
    def test_a_visitor_goes_to_the_sign_in_and_comes_back(self, client: Client, owner: User) -> None:
        answer = client.get("/test-members?a=1&b=2")
        assert (answer.status_code, answer["Location"]) == (
            302,
            "/login?next=%2Ftest-members%3Fa%3D1%26b%3D2",
        )
        answer = sign_in(client, next="/test-members?a=1&b=2")
        assert answer["Location"] == "/test-members?a=1&b=2"
        assert client.get("/test-members").content == b"alice"

    def test_the_target_of_a_form_is_not_come_back_to(self, client: Client) -> None:
        assert client.post("/test-members")["Location"] == "/login"

    def test_a_fragment_makes_the_whole_page_go(self, client: Client) -> None:
        answer = client.get("/test-members", HTTP_HX_REQUEST="true")
        assert (answer.status_code, answer["HX-Redirect"]) == (200, "/login?next=%2Ftest-members")

    def test_it_refuses_who_lacks_the_permission(self, client: Client, alice: User, admin: User) -> None:
        assert signed(client, alice).get("/test-auditors").status_code == 403
        assert signed(Client(), admin).get("/test-auditors").content == b"secret"

    def test_a_pending_password_change_comes_first(self, client: Client, alice: User) -> None:
        User.objects.update(must_change_password=True)
        answer = signed(client, alice).get("/test-members")
        assert answer["Location"] == "/change-password?next=%2Ftest-members"

    def test_a_page_costs_one_query_for_who_asks(
        self, client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        signed(client, alice)
        with django_assert_num_queries(1):
            client.get("/test-members")

    def test_somebody_disabled_is_a_visitor(self, client: Client, alice: User) -> None:
        User.objects.update(is_active=False)
        assert signed(client, alice).get("/test-members").status_code == 302

    def test_without_authentication_it_stands_open(self, client: Client, settings: Settings) -> None:
        settings.AUTH_ENABLED = False
        assert client.get("/test-auditors").content == b"secret"
        assert client.get("/login").status_code == 302


class TestLogin:
    def test_it_shows_a_form_and_keeps_no_session_for_a_visitor(self, client: Client) -> None:
        answer = client.get("/login")
        assert b'name="username"' in answer.content
        assert "snapotter-session" not in answer.cookies
        assert not Session.objects.exists()

    def test_it_begins_one_session_and_records_it(self, client: Client, owner: User) -> None:
        answer = sign_in(client)
        assert Session.objects.get().id == answer.cookies["snapotter-session"].value
        assert AuditEntry.objects.get().action == "LOGIN_SUCCESS"

    def test_a_second_sign_in_replaces_the_first(self, client: Client, owner: User) -> None:
        first = sign_in(client).cookies["snapotter-session"].value
        second = sign_in(client).cookies["snapotter-session"].value
        assert Session.objects.get().id == second != first

    def test_a_wrong_password_is_told_on_the_form(self, client: Client, owner: User) -> None:
        answer = sign_in(client, "wrong")
        assert (answer.status_code, b"Invalid user name or password" in answer.content) == (401, True)
        assert b"wrong" not in answer.content

    @pytest.mark.parametrize(
        "target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"]
    )
    def test_it_does_not_lead_elsewhere(self, client: Client, owner: User, target: str) -> None:
        assert sign_in(client, next=target)["Location"] == "/"

    def test_it_needs_the_csrf_token(self, owner: User) -> None:
        assert sign_in(Client(enforce_csrf_checks=True)).status_code == 403


class TestLogout:
    def test_it_ends_the_session(self, client: Client, alice: User) -> None:
        answer = signed(client, alice).post("/logout")
        assert answer["Location"] == "/login"
        assert answer.cookies["snapotter-session"].value == ""
        assert not Session.objects.exists()
        assert AuditEntry.objects.get().action == "LOGOUT"

    def test_a_visitor_may_press_it_too(self, client: Client) -> None:
        assert client.post("/logout").status_code == 302

    def test_a_link_cannot_do_it(self, client: Client, alice: User) -> None:
        assert signed(client, alice).get("/logout").status_code == 405


class TestChangePassword:
    def change(self, client: Client, current: str = PASSWORD, new: str = NEW, again: str = NEW) -> Any:
        data = {"current_password": current, "new_password": new, "repeat_password": again}
        return client.post("/change-password?next=/test-members", data)

    def test_it_changes_and_stays_signed_in(self, client: Client, owner: User) -> None:
        User.objects.update(must_change_password=True)
        assert self.change(signed(client, owner))["Location"] == "/test-members"
        assert client.get("/test-members").content == b"alice"
        owner.refresh_from_db()
        assert owner.check_password(NEW)

    @pytest.mark.parametrize(
        ("wrong", "status", "message"),
        [
            ({"current": "wrong"}, 401, "The current password is wrong."),
            ({"new": "otter", "again": "otter"}, 400, "A password needs at least 8 characters"),
            ({"again": "Otter-7-sleeps"}, 200, "The two new passwords differ."),
        ],
    )
    def test_it_tells_what_is_wrong(
        self, client: Client, owner: User, wrong: dict[str, str], status: int, message: str
    ) -> None:
        answer = self.change(signed(client, owner), **wrong)
        assert (answer.status_code, message in answer.content.decode()) == (status, True)
        owner.refresh_from_db()
        assert owner.check_password(PASSWORD)

    def test_a_stolen_session_does_not_guess_the_password_without_end(
        self, client: Client, owner: User
    ) -> None:
        signed(client, owner)
        short = {"current": "wrong", "new": "otter", "again": "otter"}  # refused before it is hashed
        assert {self.change(client, **short).status_code for _ in range(30)} == {400}
        answer = self.change(client)
        assert (answer.status_code, int(answer["Retry-After"]) <= 60) == (429, True)
        assert client.get("/change-password").status_code == 200

    def test_it_refuses_a_visitor(self, client: Client) -> None:
        assert client.get("/change-password")["Location"] == "/login?next=%2Fchange-password"
