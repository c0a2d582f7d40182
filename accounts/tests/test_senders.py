"""Who may send a large body, asked before it is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import senders
from accounts.models import ApiKey, Session, User
from accounts.senders import may_send
from accounts.tests.people import create_role, key_for
from conftest import create_user, session_of

pytestmark = pytest.mark.django_db


def may(header: str = "", *, cookie: str = "", many_files: bool = True) -> bool:
    headers: Any = {"Authorization": header} if header else {}
    request = RequestFactory().post("/", headers=headers)
    if cookie:
        request.COOKIES["snapotter-session"] = cookie
    return may_send(request, many_files=many_files)


def test_a_live_session_may_by_cookie_and_by_header(alice: User) -> None:
    session = session_of(alice).id
    assert may(f"Bearer {session}")
    assert may(cookie=session)


def test_a_key_may_within_its_scope(alice: User) -> None:
    assert may(f"Bearer {key_for(alice, 'tools:use')}")
    assert not may(f"Bearer {key_for(alice, 'settings:read')}")
    assert may(f"Bearer {key_for(alice, 'settings:read')}", many_files=False)


def test_many_files_are_for_who_may_use_tools(db: None) -> None:
    dave = create_user("dave", role=create_role("readers", "settings:read").name)
    session = session_of(dave).id
    assert not may(cookie=session)
    assert may(cookie=session, many_files=False)


@pytest.mark.parametrize("token", ["", "x", "\0", f"si_{'0' * 96}", "si_x", "ä" * 40, "x" * 5000])
def test_what_opens_nothing_may_not(token: str) -> None:
    assert not may(f"Bearer {token}", many_files=False)
    assert not may(cookie=token, many_files=False)


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer x"])
def test_other_credentials_are_none(header: str) -> None:
    assert not may(header, many_files=False)


def test_what_has_ended_may_not(alice: User) -> None:
    session, key = session_of(alice).id, key_for(alice, "tools:use")
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.update(expires_at=past)
    ApiKey.objects.update(expires_at=past)
    assert not may(cookie=session)
    assert not may(f"Bearer {key}")


def test_who_was_disabled_may_not(alice: User) -> None:
    session, key = session_of(alice).id, key_for(alice, "tools:use")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not may(cookie=session)
    assert not may(f"Bearer {session}")
    assert not may(f"Bearer {key}")


def test_a_header_wins_over_a_cookie_as_for_the_view(alice: User) -> None:
    assert not may("Bearer x", cookie=session_of(alice).id)


def test_where_nobody_signs_in_everybody_may(settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    assert may()


def test_it_costs_one_query(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    session = session_of(alice).id
    with django_assert_num_queries(1):
        may(cookie=session)


def test_without_a_database_nobody_may(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(token: str) -> None:
        raise OperationalError

    monkeypatch.setattr(senders, "find_session", fail)
    assert not may(cookie="x")
