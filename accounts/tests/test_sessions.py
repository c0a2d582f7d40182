"""The session engine: rows for signed-in users only, an end that does not move, one query."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import alogin, login
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.middleware import SessionMiddleware
from accounts.models import Session, User
from accounts.sessions import SessionStore
from audit.context import RequestContext, use
from conftest import Api, session_of
from snapotter.runtime.services import change

pytestmark = pytest.mark.django_db


def test_a_visitor_gets_no_row_and_no_cookie() -> None:
    def view(request: object) -> HttpResponse:
        store["seen"] = True
        return HttpResponse()

    request = RequestFactory().get("/")
    store: SessionStore
    middleware = SessionMiddleware(view)
    middleware.process_request(request)
    store = request.session  # type: ignore[assignment]
    response = middleware.process_response(request, view(request))
    assert not response.cookies
    assert not Session.objects.exists()


def test_a_sign_in_begins_a_row_under_a_random_id(alice: User, settings: Settings) -> None:
    store = SessionStore()
    with use(RequestContext(None, "192.0.2.1", "Otter/1.0")):
        store.sign_in(alice)
    row = Session.objects.get()
    assert row.id == store.session_key
    assert uuid.UUID(row.id).version == 4
    assert (row.user, row.ip_address, row.user_agent, row.session_data) == (
        alice,
        "192.0.2.1",
        "Otter/1.0",
        "",
    )
    hours = (row.expires_at - timezone.now()) / timedelta(hours=1)
    assert hours == pytest.approx(settings.SESSION_DURATION_HOURS, abs=0.01)


def test_the_id_from_before_the_sign_in_is_not_kept(alice: User) -> None:
    planted = session_of(alice).id
    store = SessionStore(planted)
    store.sign_in(alice)
    assert store.session_key != planted


def test_it_loads_with_user_and_role_in_one_query(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store = SessionStore(session_of(alice).id)
    with django_assert_num_queries(1):
        assert store.row is not None
        assert store.row.user.role.name == "user"


def test_an_expired_row_is_deleted_when_presented(alice: User) -> None:
    row = session_of(alice)
    Session.objects.update(expires_at=timezone.now())
    assert SessionStore(row.id).row is None
    assert not Session.objects.exists()


def test_use_does_not_move_the_end(alice: User) -> None:
    end = timezone.now() + timedelta(hours=1)
    row = session_of(alice)
    Session.objects.update(expires_at=end)
    store = SessionStore(row.id)
    store["colour"] = "blue"
    store.save()
    assert Session.objects.get().expires_at == end
    assert store.get_expiry_age() == pytest.approx(3600, abs=5)


def test_the_last_activity_moves_once_a_minute(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = session_of(alice)
    Session.objects.update(last_activity=timezone.now() - timedelta(seconds=61))
    with django_assert_num_queries(2):
        assert SessionStore(row.id).row
    with django_assert_num_queries(1):
        assert SessionStore(row.id).row
    assert timezone.now() - Session.objects.get().last_activity < timedelta(seconds=10)


def test_what_a_view_stores_comes_back(alice: User) -> None:
    row = session_of(alice)
    store = SessionStore(row.id)
    store["colour"] = "blue"
    store.save()
    assert SessionStore(row.id)["colour"] == "blue"


def test_an_unchanged_session_is_not_written(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store = SessionStore(session_of(alice).id)
    assert store.row
    with django_assert_num_queries(0):
        store.save()


def test_a_session_that_was_ended_does_not_come_back(alice: User) -> None:
    store = SessionStore(session_of(alice).id)
    assert store.row
    Session.objects.all().delete()
    store["colour"] = "blue"
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


@pytest.mark.parametrize("key", ["", "short", "x" * 100, "\0" * 10, str(uuid.uuid4())])
def test_a_key_of_nobody_is_a_visitor(key: str) -> None:
    store = SessionStore(key)
    assert store.row is None
    assert store.is_empty()


def test_it_serves_the_sign_in_of_django_itself(alice: User) -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = alice
    login(request, alice)
    request.session.save()
    assert Session.objects.get().user == alice
    request.session.flush()
    assert not Session.objects.exists()


def test_a_second_sign_in_of_django_replaces_the_row(alice: User, bob: User) -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore(session_of(alice).id)
    login(request, bob)
    request.session.save()
    assert Session.objects.get().user == bob


@pytest.mark.django_db(transaction=True)
async def test_it_works_in_async_views(alice: User) -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    await alogin(request, alice)
    await request.session.asave()
    assert await SessionStore(request.session.session_key).aget("_auth_user_id") == str(alice.pk)


def test_expired_rows_can_be_swept(alice: User, bob: User) -> None:
    session_of(alice)
    Session.objects.update(expires_at=timezone.now())
    kept = session_of(bob)
    SessionStore.clear_expired()
    assert list(Session.objects.all()) == [kept]


@pytest.mark.parametrize(("minutes", "live"), [("0", True), ("30", True), ("28", False)])
def test_a_session_that_lies_idle_ends(api: Api, alice: User, minutes: str, live: bool) -> None:
    client = api.as_user(alice)
    Session.objects.update(last_activity=timezone.now() - timedelta(minutes=30))
    change({"sessionIdleTimeoutMinutes": minutes})
    assert (client.get("/api/auth/session").status_code == 200) is live
    assert Session.objects.exists() is live
