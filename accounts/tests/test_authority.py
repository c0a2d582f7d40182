from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest
from django.db import transaction

from accounts import services, session_services, team_services
from accounts.authority import Authority, access_change, of, of_caller
from accounts.credentials import key_credential
from accounts.models import ApiKey, Session, Team, User
from accounts.tests.people import create_role, limited_to, signed_in
from accounts.tests.races import outcome, wait_for_a_waiter
from accounts.tool_permissions import ToolLimit
from conftest import create_user
from snapotter.common.errors import AuthenticationRequired

TOOLS = frozenset({"tools:use"})


def limit(mode: Literal["category", "tool"], *allowed: str) -> ToolLimit:
    return ToolLimit(mode=mode, allowed=list(allowed))


def test_it_covers_what_is_a_subset() -> None:
    more, less = Authority(frozenset({"files:own", "files:all"})), Authority(frozenset({"files:own"}))
    assert more.covers(less)
    assert more.covers(more)
    assert not less.covers(more)


@pytest.mark.parametrize(
    ("outer", "inner", "covered"),
    [
        (None, None, True),
        (None, limit("tool", "resize"), True),
        (limit("tool", "resize"), None, False),
        (limit("tool", "resize", "crop"), limit("tool", "crop"), True),
        (limit("tool", "crop"), limit("tool", "resize", "crop"), False),
        (limit("category", "format"), limit("category", "format"), True),
        (limit("category", "format"), limit("tool", "convert"), False),
        (limit("tool", "format"), limit("category", "format"), False),
    ],
)
def test_who_has_few_tools_covers_nobody_with_others(outer: Any, inner: Any, covered: bool) -> None:
    assert Authority(TOOLS, outer).covers(Authority(TOOLS, inner)) is covered


def test_which_tools_does_not_matter_where_none_may_be_used() -> None:
    assert Authority(TOOLS, limit("tool", "crop")).covers(Authority(frozenset()))


@pytest.mark.django_db
def test_a_caller_is_cut_to_the_scope_of_its_key() -> None:
    role = create_role("swimmers", "tools:use", "files:own", tools=limit("tool", "crop").wire())
    user = create_user("dora", role="swimmers")
    assert of_caller(user) == of(role)
    limited_to(user, "files:own")
    assert of_caller(user) == Authority(frozenset({"files:own"}), limit("tool", "crop"))


@pytest.mark.django_db
def test_reserved_permissions_in_the_row_of_a_custom_role_count_for_nothing() -> None:
    assert of(create_role("sly", "security:manage", "files:own")) == Authority(frozenset({"files:own"}))


@pytest.mark.django_db
def test_a_limit_that_cannot_be_read_is_one_to_nothing() -> None:
    broken = of(create_role("broken", "tools:use", tools={"mode": "all"}))
    assert of(create_role("croppers", "tools:use", tools=limit("tool", "crop").wire())).covers(broken)
    assert not broken.covers(Authority(TOOLS, limit("tool", "crop")))


def by_session(user: User) -> Callable[[], Any]:
    """`user` as let in by a session; what ends it."""
    session_id = signed_in(user).credential.session_id or ""
    return lambda: services.sign_out(user=user, session_id=session_id)


def by_ended_session(user: User) -> Callable[[], Any]:
    handle = session_services.session_handle(signed_in(user).credential.session_id or "")
    return lambda: session_services.session_end(user=user, handle=handle)


def by_key(user: User) -> Callable[[], Any]:
    row, _ = services.api_key_create(user=user)
    user.credential = key_credential(row)
    return lambda: services.api_key_delete(user=user, key_id=row.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("let_in", [by_session, by_ended_session, by_key])
class TestCredentialThatEnds:
    """While the request that it let in is on its way."""

    def test_nothing_is_changed_after_it(self, boss: User, let_in: Callable[[User], Any]) -> None:
        end = let_in(boss)
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                end()
                change = pool.submit(outcome, lambda: team_services.team_create(caller=boss, name="Divers"))
                wait_for_a_waiter()
            assert change.result() is AuthenticationRequired
        assert not Team.objects.filter(name="Divers").exists()

    def test_it_ends_after_a_change_that_came_first(self, boss: User, let_in: Callable[[User], Any]) -> None:
        end = let_in(boss)
        with ThreadPoolExecutor(1) as pool:
            with access_change(boss, "teams:manage"):
                ending = pool.submit(outcome, end)
                wait_for_a_waiter()
            assert ending.result() == "done"
        assert not Session.objects.exists()
        assert not ApiKey.objects.exists()
