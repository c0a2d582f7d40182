"""What happens when two things happen at once: each race has one winner and leaves no credential behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest

from accounts import authority, hashers, services, session_services, user_services
from accounts.errors import InvalidCredentials, PasswordChanged
from accounts.models import ApiKey, Session, User
from accounts.sessions import SessionStore
from accounts.tests.people import signed_in
from accounts.tests.races import outcome, together, wait_for_a_waiter
from audit.models import AuditEntry
from audit.services import record
from conftest import PASSWORD, give_password, session_of
from snapotter.common.errors import AuthenticationRequired

NEW = "Otter-8-dives"


def change(user: User, new: str) -> Callable[[], None]:
    seen = signed_in(User.objects.get(pk=user.pk))
    return lambda: services.change_password(user=seen, current=PASSWORD, new=new)


@pytest.mark.django_db(transaction=True)
def test_of_two_password_changes_one_wins(alice: User) -> None:
    give_password(alice)
    outcomes = together(change(alice, NEW), change(alice, "Otter-7-sleeps"))
    assert sorted(map(str, outcomes)) == sorted(["done", str(PasswordChanged)])
    assert Session.objects.count() == 1
    assert AuditEntry.objects.filter(action="PASSWORD_CHANGED").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_with_the_old_password_does_not_outlive_its_change(alice: User) -> None:
    """The password is changed between the check and the transaction of the sign-in."""
    give_password(alice)
    change_it = change(alice, NEW)
    begin = services._begin

    def overtaken(*args: Any, **kwargs: Any) -> bool:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(outcome, change_it).result()
        return begin(*args, **kwargs)

    with patch.object(services, "_begin", overtaken), pytest.raises(InvalidCredentials):
        services.sign_in(username="alice", password=PASSWORD, session=SessionStore())
    assert Session.objects.count() == 1  # of who changed it


@pytest.mark.django_db(transaction=True)
def test_a_key_is_not_made_with_a_session_that_has_ended(alice: User) -> None:
    give_password(alice)
    signed_in(alice)
    change(alice, NEW)()
    with pytest.raises(AuthenticationRequired):
        services.api_key_create(user=alice)
    assert not ApiKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_password_change_leaves_no_key_that_was_made_meanwhile(alice: User) -> None:
    """The change comes between the check of the session and the key itself: it has to wait."""
    give_password(alice)
    change_it = change(alice, NEW)
    signed_in(alice)
    changing: list[Future[Any]] = []

    with ThreadPoolExecutor(1) as pool:

        def overtaken(*args: Any) -> None:
            authority.require_live(*args)
            changing.append(pool.submit(outcome, change_it))
            wait(changing, timeout=2)

        with patch.object(services, "require_live", overtaken):
            services.api_key_create(user=alice)
    assert changing[0].result() == "done"
    assert not ApiKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_first_sign_ins_after_an_import_both_succeed(alice: User) -> None:
    """Both hash the password anew; the new hash of one is no changed password to the other."""
    salt = "ab" * 32
    User.objects.update(password=f"{salt}:{hashers._scrypt(PASSWORD, salt.encode(), rounds=1).hex()}")
    outcomes = together(
        *[
            lambda: services.sign_in(username="alice", password=PASSWORD, session=SessionStore())
            for _ in range(2)
        ]
    )
    assert outcomes == [alice, alice]
    assert Session.objects.count() == 2
    assert User.objects.get(pk=alice.pk).password.startswith("scrypt$")


@pytest.mark.django_db(transaction=True)
def test_a_key_is_deleted_once(alice: User) -> None:
    row, _ = services.api_key_create(user=alice)
    together(*[lambda: services.api_key_delete(user=alice, key_id=row.id) for _ in range(3)])
    assert AuditEntry.objects.filter(action="API_KEY_DELETED").count() == 1


@pytest.mark.django_db
def test_an_old_work_factor_is_replaced_at_the_next_sign_in(alice: User) -> None:
    User.objects.update(password=hashers._KeyHasher().encode(PASSWORD, "a" * 22))  # one round
    services.sign_in(username="alice", password=PASSWORD, session=SessionStore())
    assert "$8$5$" in User.objects.get(pk=alice.pk).password


def own_key(user: User) -> tuple[Any, Callable[[], Any]]:
    row, _ = services.api_key_create(user=user)
    return services, lambda: services.api_key_delete(user=user, key_id=row.id)


def this_session(user: User) -> tuple[Any, Callable[[], Any]]:
    session = session_of(user)
    return services, lambda: services.sign_out(user=user, session_id=session.id)


def a_session(user: User) -> tuple[Any, Callable[[], Any]]:
    handle = session_services.session_handle(session_of(user).id)
    return session_services, lambda: session_services.session_end(user=user, handle=handle)


def other_sessions(user: User) -> tuple[Any, Callable[[], Any]]:
    session_of(user)
    return session_services, lambda: session_services.sessions_end_others(user=user)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", [own_key, this_session, a_session, other_sessions])
def test_who_is_deleted_while_ending_something_is_no_deadlock(
    admin: User, alice: User, what: Callable[[User], tuple[Any, Callable[[], Any]]]
) -> None:
    module, ending = what(alice)
    ended = Event()

    def record_late(*args: Any, **kwargs: Any) -> None:
        ended.set()
        wait_for_a_waiter()
        record(*args, **kwargs)

    def delete() -> None:
        ended.wait(10)
        user_services.user_delete(caller=admin, user_id=alice.pk)

    with patch.object(module, "record", record_late):
        outcomes = together(ending, delete)
    assert outcomes[1] == "done"
    assert not User.objects.filter(pk=alice.pk).exists()
