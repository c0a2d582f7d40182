"""A tool that is turned off is nowhere, from the moment it is."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from conftest import Api, session_of
from processing.catalogue import enabled_tools
from processing.models import Job
from processing.registry import all_tools
from processing.tests.requests import RESIZE, jpeg, post
from snapotter.runtime.services import change


@pytest.fixture
def without_resize(db: None) -> None:
    change({"disabledTools": '["resize", "teapot"]'})


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.cookies["snapotter-session"] = session_of(alice).id
    return client


def test_the_catalogue_is_the_registry_without_it(without_resize: None) -> None:
    assert [tool.id for tool in enabled_tools()] == [tool.id for tool in all_tools() if tool.id != "resize"]


@pytest.mark.parametrize("url", [RESIZE, "/api/v1/tools/resize"])
def test_the_api_does_not_know_it(without_resize: None, api: Api, alice: User, url: str) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, url=url)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert not Job.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_no_method_knows_it(without_resize: None, api: Api, alice: User, method: str) -> None:
    client = api.as_user(alice)
    assert getattr(client, method)(RESIZE).status_code == 404
    expected = 200 if method == "options" else 405
    assert getattr(client, method)("/api/v1/tools/image/crop").status_code == expected


@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_a_stranger_cannot_tell_it_from_another(without_resize: None, api: Api, method: str) -> None:
    for url in (RESIZE, "/api/v1/tools/image/crop", "/api/v1/tools/image/teapot"):
        assert getattr(api, method)(url).status_code == 401


def test_a_stranger_learns_nothing_of_it(without_resize: None, api: Api) -> None:
    assert post(api, jpeg(), {"width": 50}).status_code == 401


def test_it_has_neither_card_nor_page(without_resize: None, browser: Client) -> None:
    first_page = browser.get("/").content.decode()
    assert "/tools/image/resize" not in first_page
    assert "/tools/image/crop" in first_page
    assert browser.get("/tools/image/resize").status_code == 404
    assert browser.post("/tools/image/resize", {"width": "5"}).status_code == 404


def test_turned_on_again_it_is_back(without_resize: None, api: Api, alice: User, browser: Client) -> None:
    change({"disabledTools": "[]"})
    assert browser.get("/tools/image/resize").status_code == 200
    assert post(api.as_user(alice), jpeg(), {"width": 50}).status_code == 200
