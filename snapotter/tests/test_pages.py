"""The theme switch, the icons and the page of last resort."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from pytest_django import Settings

from snapotter.api import middleware
from snapotter.api.errors import server_error
from snapotter.common.database import DATABASE_AWAY
from snapotter.templatetags.icons import icon


@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_a_theme_is_kept_in_a_cookie(client: Client, theme: str) -> None:
    answer = client.post("/theme", {"theme": theme, "next": "/login?a=1"})
    assert (answer.status_code, answer["Location"]) == (302, "/login?a=1")
    cookie = answer.cookies["snapotter-theme"]
    assert (cookie.value, cookie["samesite"], cookie["max-age"]) == (theme, "Lax", 365 * 24 * 3600)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_it_goes_back_nowhere_but_here(client: Client, target: str) -> None:
    assert client.post("/theme", {"theme": "dark", "next": target})["Location"] == "/"


def test_an_unknown_theme_is_refused_with_a_page(client: Client) -> None:
    answer = client.post("/theme", {"theme": "pink"})
    assert answer.status_code == 400
    assert b"theme must be one of" in answer.content
    assert not answer.cookies.get("snapotter-theme")


def test_an_address_is_no_switch(client: Client) -> None:
    assert client.get("/theme").status_code == 405


@pytest.mark.django_db
def test_the_first_byte_has_the_right_colours(client: Client, settings: Settings) -> None:
    settings.DEFAULT_THEME = "dark"
    assert b'data-theme="dark"' in client.get("/login").content
    client.cookies["snapotter-theme"] = "light"
    assert b'data-theme="light"' in client.get("/login").content
    client.cookies["snapotter-theme"] = "<script>"
    assert b'data-theme="dark"' in client.get("/login").content


@pytest.mark.django_db
def test_open_doors_are_announced(client: Client, settings: Settings) -> None:
    assert b"Sign-in is switched off" not in client.get("/login").content
    settings.AUTH_ENABLED = False
    assert b"Sign-in is switched off" in client.get("/").content


def test_an_unknown_icon_is_a_neutral_one() -> None:
    assert icon("no-such-thing") == icon("../../base") == icon("") == icon("shapes")
    assert icon("crop") != icon("shapes")
    assert icon("crop").startswith("<svg")


def bare_request() -> HttpRequest:
    """As when the failure came before any middleware: no user, no session, no messages."""
    return RequestFactory().get("/broken")


@pytest.mark.parametrize("error", DATABASE_AWAY)
@pytest.mark.parametrize("path", ["/login", "/api/v1/jobs"])
def test_while_the_database_is_away_everybody_is_told_to_try_again(
    monkeypatch: pytest.MonkeyPatch, path: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(middleware, "unknown_host", Mock(side_effect=error("the connection was lost")))
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code == 503
    assert b"try again later" in answer.content


def test_the_error_page_needs_neither_database_nor_session() -> None:
    answer = server_error(bare_request())
    assert answer.status_code == 500
    assert b"Something went wrong on our side." in answer.content
