"""Pages of other origins that call the API: the configured ones, without cookies, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from conftest import Api

pytestmark = pytest.mark.django_db
OURS = "https://app.example.org"
JOBS = "/api/v1/jobs"


@pytest.fixture(autouse=True)
def one_origin(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [OURS]


def preflight(path: str, method: str, origin: str = OURS) -> Any:
    """As a browser asks before a request with a token: without the token."""
    return Client().options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", JOBS),
        ("POST", "/api/v1/tools/image/resize"),
        ("PUT", "/api/v1/settings"),
        ("DELETE", "/api/v1/api-keys/x"),
        ("POST", "/api/v1/nothing"),
    ],
)
def test_a_preflight_needs_no_token_and_allows_what_clients_use(method: str, path: str) -> None:
    answer = preflight(path, method)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == OURS
    assert method in answer["Access-Control-Allow-Methods"].split(", ")
    allowed = answer["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "prefer", "range"} <= set(allowed)


def test_answers_may_be_read_with_the_headers_that_clients_need(api: Api, alice: User) -> None:
    answer = api.as_user(alice).get(JOBS, headers={"Origin": OURS})
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == OURS
    exposed = answer["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-Id", "X-RateLimit-Remaining", "Retry-After", "Content-Disposition", "ETag"} <= set(
        exposed
    )
    assert "origin" in answer["Vary"]


def test_cookies_are_never_invited(api: Api) -> None:
    assert "Access-Control-Allow-Credentials" not in preflight(JOBS, "GET")
    assert "Access-Control-Allow-Credentials" not in api.get(JOBS, headers={"Origin": OURS})


def test_errors_can_be_read_too(api: Api, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MIN = 1
    refused = [api.get(JOBS, headers={"Origin": OURS}) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [401, 429]
    for answer in refused:
        assert answer["Access-Control-Allow-Origin"] == OURS
        assert "X-Request-Id" in answer


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.org",
        "https://app.example.org:444",
        "https://app.example.org.evil.example",
        "https://sub.app.example.org",
        "null",
        "https://[",
        "",
    ],
)
def test_another_origin_gets_nothing(api: Api, origin: str) -> None:
    for answer in (preflight(JOBS, "GET", origin), api.get("/api/v1/health", headers={"Origin": origin})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_pages_are_for_our_own_origin(client: Client) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/login", headers={"Origin": OURS})


def test_without_an_origin_configured_it_is_off(api: Api, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    assert "Access-Control-Allow-Origin" not in api.get("/api/v1/health", headers={"Origin": OURS})


def test_a_star_is_everybody(api: Api, settings: Settings) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = True
    answer = api.get("/api/v1/health", headers={"Origin": "https://anybody.example"})
    assert answer["Access-Control-Allow-Origin"] == "*"
