"""The limits as a client meets them: the one for all of /api/, and those of single operations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.tests.people import key_for
from conftest import Api
from processing.tests.requests import jpeg, post

pytestmark = pytest.mark.django_db
PUBLIC = "/api/v1/config/auth"
KEYS = "/api/v1/api-keys"


@pytest.fixture
def three_a_minute(settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MIN = 3


def told(answer: Any) -> tuple[str, ...]:
    return tuple(answer[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset"))


@pytest.mark.usefixtures("three_a_minute")
class TestForAll:
    def test_the_limit_is_met_and_every_answer_tells_where_one_stands(self, api: Api) -> None:
        answers = [api.get(PUBLIC) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [told(answer) for answer in answers] == [
            ("3", "2", "30"),
            ("3", "1", "30"),
            ("3", "0", "30"),
            ("3", "0", "30"),
        ]

    def test_a_refusal_says_when_to_try_again(self, api: Api) -> None:
        answer = [api.get(PUBLIC) for _ in range(4)][-1]
        assert answer["Retry-After"] == "30"
        assert answer.json() == {
            "error": "More than 3 requests in a minute; try again in 30 seconds.",
            "code": "RATE_LIMITED",
            "retryAfter": 30,
        }
        assert answer["X-Content-Type-Options"] == "nosniff"

    def test_a_refusal_needs_no_query(
        self, api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = api.as_user(alice)
        for _ in range(4):
            client.get(PUBLIC)
        with django_assert_num_queries(0):
            assert client.get("/api/v1/jobs").status_code == 429

    def test_addresses_are_counted_apart(self, api: Api) -> None:
        for _ in range(4):
            api.get(PUBLIC)
        assert api.get(PUBLIC, REMOTE_ADDR="192.0.2.9").status_code == 200

    def test_what_a_client_claims_to_be_changes_nothing(self, api: Api) -> None:
        answers = [api.get(PUBLIC, headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(4)]
        assert answers[-1].status_code == 429

    def test_behind_a_trusted_proxy_it_is_the_address_the_proxy_saw(
        self, api: Api, settings: Settings
    ) -> None:
        settings.TRUST_PROXY = True
        answers = [api.get(PUBLIC, headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(4)]
        assert answers[-1].status_code == 200

    def test_health_and_pages_are_never_refused_and_use_nothing_up(self, api: Api, client: Client) -> None:
        for _ in range(5):
            assert api.get("/api/v1/health").status_code == 200
            assert client.get("/login").status_code == 200
        assert "X-RateLimit-Limit" not in api.get("/api/v1/health")
        assert told(api.get(PUBLIC))[1] == "2"

    def test_paths_that_do_not_exist_count_too(self, api: Api) -> None:
        assert [api.get(f"/api/{n}").status_code for n in range(4)] == [401, 401, 401, 429]


def test_zero_switches_it_off(api: Api, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MIN = 0
    answers = [api.get(PUBLIC) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0]


def test_a_tool_still_needs_three_queries(
    api: Api, alice: User, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.RATE_LIMIT_PER_MIN = 1000
    client, photo = api.as_user(alice), jpeg()
    assert told(post(client, photo, {"width": 50}))[1] == "999"
    with django_assert_num_queries(3):
        assert told(post(client, photo, {"width": 50}))[1] == "998"


class TestOfAnOperation:
    def test_a_user_is_counted_whatever_the_credential_and_the_address(self, api: Api, alice: User) -> None:
        session, key = api.as_user(alice), api.with_token(key_for(alice))
        for turn in range(30):
            client = session if turn % 2 else key
            assert client.get(KEYS, REMOTE_ADDR=f"192.0.2.{turn}").status_code == 200
        answer = session.get(KEYS)
        assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
        assert (answer["Retry-After"], told(answer)) == ("30", ("30", "0", "30"))

    def test_users_and_operations_are_counted_apart(self, api: Api, alice: User, bob: User) -> None:
        client = api.as_user(alice)
        for _ in range(31):
            client.get(KEYS)
        assert api.as_user(bob).get(KEYS).status_code == 200
        assert client.post(KEYS).status_code == 201

    def test_who_may_not_call_uses_nothing_up(self, api: Api, alice: User) -> None:
        for _ in range(31):
            assert api.get(KEYS).status_code == 401
        assert told(api.as_user(alice).get(KEYS))[1] == "29"

    def test_guessing_the_password_in_a_stolen_session_ends_after_thirty(
        self, api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(User, "check_password", lambda self, password: False)
        client = api.as_user(alice)
        guess = {"currentPassword": "Wrong-1-guess", "newPassword": "Right-2-guess"}
        statuses = [
            client.post("/api/auth/change-password", guess, format="json").status_code for _ in "x" * 31
        ]
        assert statuses == [401] * 30 + [429]

    def test_without_sign_in_each_address_is_counted(self, api: Api, admin: User, settings: Settings) -> None:
        settings.AUTH_ENABLED = False
        for _ in range(30):
            assert api.get(KEYS).status_code == 200
        assert api.get(KEYS).status_code == 429
        assert api.get(KEYS, REMOTE_ADDR="192.0.2.9").status_code == 200

    def test_the_limit_that_ends_first_is_told(self, api: Api, alice: User, settings: Settings) -> None:
        settings.RATE_LIMIT_PER_MIN = 1000
        assert told(api.as_user(alice).get(KEYS))[:2] == ("30", "29")
        settings.RATE_LIMIT_PER_MIN = 20
        assert told(api.as_user(alice).get(KEYS, REMOTE_ADDR="192.0.2.9"))[:2] == ("20", "19")
