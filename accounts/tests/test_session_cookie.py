"""The cookies of session and CSRF token, as a sign-in on the page and through the API sets them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client
from pytest_django import Settings

from accounts.models import Session, User
from conftest import PASSWORD, give_password, session_of

pytestmark = pytest.mark.django_db
SESSION, CSRF = "snapotter-session", "snapotter-csrf"

SignIn = Callable[..., Any]


def on_the_page(client: Client, **extra: Any) -> Any:
    return client.post("/login", {"username": "alice", "password": PASSWORD}, **extra)


def through_the_api(client: Client, **extra: Any) -> Any:
    body = {"username": "alice", "password": PASSWORD}
    return client.post("/api/auth/login", body, content_type="application/json", **extra)


@pytest.fixture(params=[on_the_page, through_the_api])
def sign_in(request: pytest.FixtureRequest, alice: User) -> SignIn:
    give_password(alice)
    chosen: SignIn = request.param
    return chosen


@pytest.fixture
def behind_a_trusted_proxy(settings: Settings) -> None:
    """What TRUST_PROXY turns on."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


class TestAttributes:
    def test_scripts_and_other_sites_do_not_get_it_and_it_ends_with_the_session(
        self, client: Client, sign_in: SignIn
    ) -> None:
        cookie = sign_in(client).cookies[SESSION]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert cookie["max-age"] == pytest.approx(project.SESSION_DURATION_HOURS * 3600, abs=5)
        assert cookie["domain"] == ""  # of this host alone, not of those below it

    def test_the_csrf_token_stays_on_this_site_too(self, client: Client, sign_in: SignIn) -> None:
        assert sign_in(client).cookies[CSRF]["samesite"] == "Strict"

    def test_without_tls_they_are_not_secure_as_they_would_not_come_back(
        self, client: Client, sign_in: SignIn
    ) -> None:
        assert secure(sign_in(client)) == {SESSION: "", CSRF: ""}

    def test_behind_a_trusted_proxy_they_are_as_secure_as_what_it_speaks(
        self, client: Client, sign_in: SignIn, behind_a_trusted_proxy: None
    ) -> None:
        tls = sign_in(client, headers={"X-Forwarded-Proto": "https"})
        assert secure(tls) == {SESSION: True, CSRF: True}
        plain = sign_in(client, headers={"X-Forwarded-Proto": "http"})
        assert secure(plain) == {SESSION: "", CSRF: ""}

    def test_without_a_trusted_proxy_what_a_client_says_of_tls_does_not_count(
        self, client: Client, sign_in: SignIn
    ) -> None:
        answer = sign_in(client, headers={"X-Forwarded-Proto": "https"})
        assert secure(answer) == {SESSION: "", CSRF: ""}


def secure(answer: Any) -> dict[str, Any]:
    return {name: answer.cookies[name]["secure"] for name in (SESSION, CSRF)}


class TestFixation:
    """Somebody put a cookie into the browser before its user signs in."""

    def test_an_invented_session_is_not_adopted(self, client: Client, sign_in: SignIn) -> None:
        planted = str(uuid.uuid4())
        client.cookies[SESSION] = planted
        assert sign_in(client).cookies[SESSION].value == Session.objects.get().id != planted

    def test_the_session_of_who_planted_it_does_not_become_the_users(
        self, client: Client, sign_in: SignIn, bob: User, alice: User
    ) -> None:
        planted = client.cookies[SESSION] = session_of(bob).id
        sign_in(client)
        assert Session.objects.get(user=alice).id == client.cookies[SESSION].value != planted
        assert not Session.objects.filter(id=planted).exclude(user=bob).exists()

    def test_a_csrf_token_from_before_is_worth_nothing_afterwards(
        self, client: Client, sign_in: SignIn
    ) -> None:
        planted = "a" * 32
        client.cookies[CSRF] = planted
        sign_in(client)
        new = client.cookies[CSRF].value
        assert new != planted
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client.cookies
        form = {"theme": "dark"}
        assert strict.post("/theme", form | {"csrfmiddlewaretoken": planted}).status_code == 403
        assert strict.post("/theme", form | {"csrfmiddlewaretoken": new}).status_code == 302


def test_a_cookie_kept_from_before_the_sign_out_opens_nothing(client: Client, sign_in: SignIn) -> None:
    kept = sign_in(client).cookies[SESSION].value
    assert client.get("/account").status_code == 200
    client.post("/logout")
    client.cookies[SESSION] = kept
    assert client.get("/account")["Location"].startswith("/login?")
    assert client.get("/api/auth/session").status_code == 401
