"""How often somebody may try to sign in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from accounts import throttle
from accounts.models import LoginAttempt, User
from accounts.throttle import LoginThrottled, admit, clear
from audit import context
from audit.context import RequestContext
from audit.models import AuditEntry
from conftest import PASSWORD, Api, create_user, give_password
from snapotter.runtime.services import change

LOGIN = "/api/auth/login"
WRONG = "wrong"


@pytest.fixture(autouse=True)
def strict(settings: Settings) -> None:
    settings.LOGIN_THROTTLE_MAX_FAILURES = 3
    settings.LOGIN_ATTEMPT_LIMIT = 5


@pytest.fixture
def from_home() -> Iterator[None]:
    with context.use(RequestContext(ip_address="192.0.2.1")):
        yield


def login(api: Api, username: str = "alice", password: str = WRONG, **extra: Any) -> Any:
    return api.post(LOGIN, {"username": username, "password": password}, format="json", **extra)


def pass_seconds(seconds: int) -> None:
    LoginAttempt.objects.update(at=F("at") - timedelta(seconds=seconds))


def test_a_name_waits_after_its_failures_and_even_the_right_password_does(api: Api, alice: User) -> None:
    give_password(alice)
    assert [login(api).status_code for _ in range(3)] == [401] * 3
    answer = login(api, password=PASSWORD)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (429, "LOGIN_THROTTLED")
    assert set(body) == {"error", "code", "retryAfter"}
    assert answer["Retry-After"] == str(body["retryAfter"])
    assert 290 < body["retryAfter"] <= 300


def test_the_page_says_the_same(client: Client, alice: User) -> None:
    for _ in range(3):
        client.post("/login", {"username": "alice", "password": "wrong"})
    answer = client.post("/login", {"username": "alice", "password": "wrong"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 290
    assert "Too many attempts" in answer.content.decode()


def test_the_window_slides(db: None) -> None:
    for _ in range(3):
        admit("alice")
        pass_seconds(100)
    admit("alice")  # the first is 300 seconds old
    with pytest.raises(LoginThrottled) as caught:
        admit("alice")
    assert 95 < caught.value.extra["retryAfter"] <= 100


def test_rejected_attempts_do_not_count(db: None) -> None:
    for _ in range(3):
        admit("alice")
    for _ in range(9):
        with pytest.raises(LoginThrottled):
            admit("alice")
    pass_seconds(300)
    admit("alice")


def test_the_right_password_clears_the_name(api: Api, alice: User) -> None:
    give_password(alice)
    login(api), login(api)
    assert login(api, password=PASSWORD).status_code == 200
    assert not LoginAttempt.objects.filter(key__startswith="name").exists()


def test_a_name_that_nobody_has_waits_as_well_and_case_does_not_count(db: None) -> None:
    for name in ("nobody", "Nobody", "NOBODY"):
        admit(name)
    with pytest.raises(LoginThrottled):
        admit("nobody")
    admit("somebody")


def test_an_address_waits_whatever_the_names(from_home: None, db: None) -> None:
    for number in range(5):
        admit(f"user{number}")
        clear(f"user{number}")
    with pytest.raises(LoginThrottled) as caught:
        admit("user9")
    assert caught.value.extra["retryAfter"] <= 60
    with context.use(RequestContext(ip_address="192.0.2.2")):
        admit("user9")


def test_ipv6_addresses_of_one_site_count_together(db: None) -> None:
    for number in range(5):
        with context.use(RequestContext(ip_address=f"2001:db8::{number}")):
            admit(f"user{number}")
    with context.use(RequestContext(ip_address="2001:db8::ffff")), pytest.raises(LoginThrottled):
        admit("user9")
    with context.use(RequestContext(ip_address="2001:db8:0:1::1")):
        admit("user9")


def test_zero_is_no_limit(from_home: None, db: None) -> None:
    change({"loginAttemptLimit": "0", "loginThrottleMaxFailures": "0"})
    for _ in range(20):
        admit("alice")
    assert not LoginAttempt.objects.exists()


def test_a_changed_setting_acts_at_once(db: None) -> None:
    change({"loginThrottleMaxFailures": "1", "loginThrottleWindowSeconds": "10"})
    admit("alice")
    with pytest.raises(LoginThrottled) as caught:
        admit("alice")
    assert caught.value.extra["retryAfter"] <= 10


def test_only_who_minds_security_reads_and_changes_the_limits(api: Api, alice: User) -> None:
    from accounts.models import Role

    Role.objects.create(name="decorator", permissions=["settings:read", "settings:write"])
    decorator = api.as_user(create_user("decorator", role="decorator"))
    assert "loginAttemptLimit" not in decorator.get("/api/v1/settings").json()["settings"]
    assert decorator.get("/api/v1/settings/loginAttemptLimit").status_code == 403
    assert decorator.put("/api/v1/settings", {"loginAttemptLimit": 0}, format="json").status_code == 403
    assert decorator.put("/api/v1/settings", {"appName": "Holt"}, format="json").status_code == 200


def test_it_is_recorded_once_a_window(api: Api, alice: User) -> None:
    for _ in range(9):
        login(api, username="alice")
    entry = AuditEntry.objects.get(action="LOGIN_THROTTLED")
    assert entry.target_type == "user"
    assert entry.ip_address == "127.0.0.1"
    assert entry.details == {"username": "alice", "failures": 3, "windowSeconds": 300, "per": "name"}


def test_what_was_typed_as_a_name_is_not_kept(db: None) -> None:
    admit("my secret password")
    assert "secret" not in LoginAttempt.objects.get().key


def test_old_attempts_are_removed(db: None) -> None:
    admit("alice")
    pass_seconds(86401)
    admit("bob")
    assert LoginAttempt.objects.get().key == throttle._name_key("bob")


def test_guesses_sent_all_at_once_are_no_more_than_the_limit(transactional_db: None) -> None:
    def guess(_: int) -> bool:
        try:
            admit("alice")
        except LoginThrottled:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(guess, range(24))) == 3
