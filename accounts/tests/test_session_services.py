"""Ending one's own sessions, and how many there may be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.credentials import user_by_session
from accounts.models import Session, User
from accounts.session_services import session_end, session_handle, sessions_end_others
from accounts.sessions import SessionStore
from accounts.tests.people import signed_in
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import PASSWORD, give_password, session_of
from snapotter.common.errors import NotFound
from snapotter.runtime.services import change

pytestmark = pytest.mark.django_db


def begin(user: User) -> Callable[[], None]:
    def sign_in() -> None:
        services.sign_in(username=user.username, password=PASSWORD, session=SessionStore())

    return sign_in


class TestOne:
    def test_it_ends_and_is_recorded_without_the_secret(self, alice: User) -> None:
        kept, ended = session_of(alice), session_of(alice)
        session_end(user=alice, handle=session_handle(ended.id))
        assert list(Session.objects.all()) == [kept]
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor_id, entry.target_id) == ("SESSION_ENDED", alice.pk, str(alice.pk))
        assert entry.details == {"userId": str(alice.pk), "handle": session_handle(ended.id)}

    def test_somebody_elses_is_not_there(self, alice: User, bob: User) -> None:
        handle = session_handle(session_of(bob).id)
        with pytest.raises(NotFound):
            session_end(user=alice, handle=handle)
        assert Session.objects.exists()
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("handle", ["", "\0", "x" * 100_000, "0" * 16])
    def test_what_names_nothing_is_not_there(self, alice: User, handle: str) -> None:
        session_of(alice)
        with pytest.raises(NotFound):
            session_end(user=alice, handle=handle)

    def test_the_id_itself_is_no_handle(self, alice: User) -> None:
        with pytest.raises(NotFound):
            session_end(user=alice, handle=session_of(alice).id)


class TestOthers:
    def test_they_end_and_the_presented_one_stays(self, alice: User, bob: User) -> None:
        kept, strangers = session_of(alice), session_of(bob)
        session_of(alice), session_of(alice)
        assert sessions_end_others(user=user_by_session(kept)) == 2
        assert set(Session.objects.all()) == {kept, strangers}
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target_type) == ("SESSIONS_ENDED", "user")
        assert entry.details == {"userId": str(alice.pk), "count": 2}

    def test_none_leave_no_entry(self, alice: User) -> None:
        assert sessions_end_others(user=signed_in(alice)) == 0
        assert not AuditEntry.objects.exists()


class TestLimit:
    def test_a_sign_in_too_many_ends_the_oldest(self, alice: User, bob: User) -> None:
        give_password(alice)
        change({"maxSessionsPerUser": "2"})
        sessions = [session_of(alice) for _ in range(3)]
        for days, session in enumerate(sessions):
            moment = timezone.now() - timedelta(days=days + 1)
            Session.objects.filter(id=session.id).update(created_at=moment)
        strangers = session_of(bob)
        store = SessionStore()
        services.sign_in(username="alice", password=PASSWORD, session=store)
        left = set(Session.objects.values_list("id", flat=True))
        assert left == {sessions[0].id, store.session_key, strangers.id}
        entry = AuditEntry.objects.get(action="LOGIN_SUCCESS")
        assert entry.details == {"userId": str(alice.pk), "username": "alice", "endedSessions": 2}

    def test_without_a_limit_all_stay(self, alice: User) -> None:
        give_password(alice)
        session_of(alice)
        begin(alice)()
        assert Session.objects.count() == 2
        details = {"userId": str(alice.pk), "username": "alice"}
        assert AuditEntry.objects.get().details == details

    @pytest.mark.django_db(transaction=True)
    def test_sign_ins_at_once_do_not_exceed_it(self, alice: User) -> None:
        give_password(alice)
        change({"maxSessionsPerUser": "2"})
        assert together(*[begin(alice)] * 5) == ["done"] * 5
        assert Session.objects.count() == 2
