"""What the audit log tells of keys that let nobody in, and how little of it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import key_failures
from accounts.credentials import key_prefix
from accounts.key_failures import key_failure_record
from accounts.models import ApiKey, LoginAttempt, User
from accounts.tests.people import key_for
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import Api

pytestmark = pytest.mark.django_db


def invented() -> str:
    return "si_" + secrets.token_hex(48)


def present(api: Api, key: str, address: str = "192.0.2.1") -> int:
    answer = api.with_token(key).get("/api/v1/api-keys", REMOTE_ADDR=address)
    return int(answer.status_code)


def told() -> list[dict[str, Any]]:
    failures = AuditEntry.objects.filter(action="API_KEY_AUTH_FAILED").order_by("seq")
    return [entry.details or {} for entry in failures]


def pass_time() -> None:
    LoginAttempt.objects.update(at=F("at") - key_failures.WINDOW)


def test_a_key_nobody_has_is_told_without_the_key(api: Api) -> None:
    key = invented()
    assert present(api, key) == 401
    entry = AuditEntry.objects.get()
    assert entry.details == {"prefix": key_prefix(key), "reason": "unknown"}
    assert (entry.actor_id, entry.actor_username, entry.ip_address) == (None, "system", "192.0.2.1")


def test_an_expired_key_is_told_with_its_owner(api: Api, alice: User) -> None:
    key = key_for(alice)
    ApiKey.objects.update(expires_at=timezone.now())
    assert present(api, key) == 401
    row = ApiKey.objects.get()
    known = {"keyId": str(row.pk), "userId": str(alice.pk)}
    assert told() == [{"prefix": row.key_prefix, "reason": "expired"} | known]
    assert row.last_used_at is None


def test_the_key_of_somebody_disabled_is_told(api: Api, alice: User) -> None:
    key = key_for(alice)
    User.objects.update(is_active=False)
    assert present(api, key) == 403
    assert [details["reason"] for details in told()] == ["disabled_user"]


def test_a_good_key_leaves_nothing(api: Api, alice: User) -> None:
    assert present(api, key_for(alice)) == 200
    assert not told()
    assert not LoginAttempt.objects.exists()


@pytest.mark.parametrize("token", ["si_", "si_" + "g" * 96, "si_" + "a" * 97, "no-session"])
def test_what_has_not_the_form_of_a_key_is_not_told(api: Api, token: str) -> None:
    assert present(api, token) == 401
    assert not told()


def test_the_same_key_from_the_same_place_is_told_once_in_a_while(api: Api) -> None:
    key = invented()
    for _ in range(3):
        present(api, key)
    assert len(told()) == 1
    present(api, key, "192.0.2.2")
    assert len(told()) == 2
    pass_time()
    present(api, key)
    assert len(told()) == 3


def test_one_address_cannot_fill_the_log(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_failures, "UNKNOWN_PER_ADDRESS", 3)
    for number in range(5):
        present(api, invented(), f"2001:db8::{number}")  # all of one site
    assert len(told()) == 3


def test_many_addresses_cannot_fill_it_either(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_failures, "UNKNOWN_IN_ALL", 3)
    for number in range(5):
        present(api, invented(), f"192.0.2.{number}")
    assert len(told()) == 3


def test_guesses_do_not_hide_a_key_that_somebody_had(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_failures, "UNKNOWN_IN_ALL", 1)
    key = key_for(alice)
    ApiKey.objects.update(expires_at=timezone.now())
    present(api, invented())
    present(api, invented())
    present(api, key)
    assert [details["reason"] for details in told()] == ["unknown", "expired"]


def test_what_was_told_costs_one_look(api: Api, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key_failure_record(prefix="0" * 16, reason="unknown")
    with django_assert_num_queries(1):
        key_failure_record(prefix="0" * 16, reason="unknown")


def test_old_rows_go(api: Api) -> None:
    present(api, invented())
    LoginAttempt.objects.update(at=timezone.now() - timedelta(days=2))
    present(api, invented())
    assert LoginAttempt.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_at_once_it_is_told_once() -> None:
    def fail() -> None:
        key_failure_record(prefix="0" * 16, reason="unknown")

    together(*[fail] * 5)
    assert len(told()) == 1
