from __future__ import annotations

from typing import Any, Literal

import pytest

from accounts.authority import Authority, of, of_caller
from accounts.tests.people import create_role
from accounts.tool_permissions import ToolLimit
from conftest import create_user

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
    user.scope = frozenset({"files:own"})
    assert of_caller(user) == Authority(frozenset({"files:own"}), limit("tool", "crop"))


@pytest.mark.django_db
def test_reserved_permissions_in_the_row_of_a_custom_role_count_for_nothing() -> None:
    assert of(create_role("sly", "security:manage", "files:own")) == Authority(frozenset({"files:own"}))


@pytest.mark.django_db
def test_a_limit_that_cannot_be_read_is_one_to_nothing() -> None:
    broken = of(create_role("broken", "tools:use", tools={"mode": "all"}))
    assert of(create_role("croppers", "tools:use", tools=limit("tool", "crop").wire())).covers(broken)
    assert not broken.covers(Authority(TOOLS, limit("tool", "crop")))
