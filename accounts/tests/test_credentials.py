"""Keys: found by prefix, remembered for a while, never after they are gone."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import credentials
from accounts.credentials import find_key, key_prefix
from accounts.hashers import hash_key
from accounts.models import ApiKey, User
from snapotter.common.errors import TooManyRequests

pytestmark = pytest.mark.django_db


def key_of(user: User, *, prefix: bool = True, **columns: object) -> tuple[ApiKey, str]:
    key = "si_" + secrets.token_hex(48)
    row = ApiKey.objects.create(
        user=user,
        name="x",
        key_hash=hash_key(key),
        key_prefix=key_prefix(key) if prefix else "",
        **columns,
    )
    return row, key


def test_it_finds_the_row_and_marks_it_used(alice: User) -> None:
    row, key = key_of(alice)
    assert find_key(key) == row
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert timezone.now() - row.last_used_at < timedelta(seconds=10)


def test_the_prefix_is_the_beginning_of_the_digest() -> None:
    assert key_prefix("si_x") == hashlib.sha256(b"si_x").hexdigest()[:16]


def test_a_known_key_costs_two_queries_and_no_hashing(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, key = key_of(alice)
    find_key(key)
    with patch.object(credentials, "verify_key") as hashing, django_assert_num_queries(2):
        found = find_key(key)
        assert found is not None
        assert found.user.role.name == "user"
    hashing.assert_not_called()


def test_a_deleted_key_stops_at_once(alice: User) -> None:
    row, key = key_of(alice)
    assert find_key(key)
    row.delete()
    assert find_key(key) is None


def test_a_key_stops_when_it_expires(alice: User) -> None:
    _, key = key_of(alice)
    assert find_key(key)
    ApiKey.objects.update(expires_at=timezone.now())
    assert find_key(key) is None


def test_a_remembered_key_does_not_open_another_hash(alice: User) -> None:
    """The row was replaced under the same id: what was verified is no longer what is stored."""
    _, key = key_of(alice)
    assert find_key(key)
    ApiKey.objects.update(key_hash=hash_key("si_other"))
    assert find_key(key) is None


def test_another_key_with_the_same_prefix_is_refused(alice: User) -> None:
    key_of(alice)
    other = "si_" + secrets.token_hex(48)
    ApiKey.objects.update(key_prefix=key_prefix(other))
    assert find_key(other) is None


def test_a_key_without_a_prefix_is_found_and_gets_one(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row, key = key_of(alice, prefix=False)
    key_of(alice, prefix=False)
    assert find_key(key) == row
    row.refresh_from_db()
    assert row.key_prefix == key_prefix(key)
    assert find_key(key) == row


def test_the_scan_for_keys_without_a_prefix_is_bounded(alice: User) -> None:
    ApiKey.objects.bulk_create(ApiKey(user=alice, name="x", key_hash="x") for _ in range(120))
    with patch.object(credentials, "verify_key", return_value=False) as hashing:
        assert find_key("si_" + "0" * 96) is None
    assert hashing.call_count == 100


def test_made_up_keys_of_one_address_cause_few_scans(alice: User) -> None:
    key_of(alice, prefix=False)
    row, key = key_of(alice)
    with patch.object(credentials, "verify_key", return_value=False) as hashing:
        for number in range(5):
            assert find_key(f"si_{number:096x}") is None
        with pytest.raises(TooManyRequests):
            find_key(f"si_{5:096x}")
    assert hashing.call_count == 5
    assert find_key(key) == row


@pytest.mark.parametrize("token", ["", "si_", "si_" + "g" * 96, "si_" + "A" * 96, "SI_" + "a" * 96, "\0"])
def test_what_has_not_the_form_of_a_key_costs_nothing(
    token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert find_key(token) is None


def test_the_memory_is_bounded(alice: User) -> None:
    memory = credentials._Verified()
    memory.SIZE = 2  # type: ignore[misc]
    row = ApiKey(key_hash="x")
    with patch.object(credentials, "verify_key", return_value=True):
        for number in range(5):
            memory.is_key_of(f"si_{number}", row)
    assert len(memory._known) == 2
