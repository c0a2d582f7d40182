"""Whose files somebody may open."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import User
from accounts.tests.people import create_role, limited_to
from conftest import create_user
from library.models import UserFile
from library.selectors import file_with_owner, files
from library.tests.kept import keep_file


@pytest.fixture
def kept(alice: User, bob: User) -> list[UserFile]:
    return [keep_file(alice), keep_file(bob)]


def test_ones_own(kept: list[UserFile], alice: User) -> None:
    assert list(files(for_user=alice)) == kept[:1]


def test_everybodys_with_files_all(kept: list[UserFile], admin: User) -> None:
    assert set(files(for_user=admin)) == set(kept)


def test_none_without_either(kept: list[UserFile], alice: User) -> None:
    create_role("plain", "tools:use")
    User.objects.filter(pk=alice.pk).update(role="plain")
    assert not files(for_user=User.objects.get(pk=alice.pk)).exists()


def test_files_all_is_enough(kept: list[UserFile]) -> None:
    create_role("inspector", "files:all")
    assert files(for_user=create_user("inspector", role="inspector")).count() == 2


def test_the_scope_of_a_key_counts(kept: list[UserFile], admin: User) -> None:
    limited_to(admin, "files:own")
    assert not files(for_user=admin).exists()
    limited_to(admin, "tools:use")
    assert not files(for_user=admin).exists()


def test_a_disabled_user_sees_none(kept: list[UserFile], admin: User) -> None:
    admin.is_active = False
    assert not files(for_user=admin).exists()


def test_a_file_comes_with_its_owner(kept: list[UserFile], alice: User) -> None:
    found = file_with_owner(kept[0].pk)
    assert found is not None
    assert found.user == alice
    assert file_with_owner(uuid4()) is None
