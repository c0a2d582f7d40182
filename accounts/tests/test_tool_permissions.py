from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from accounts import tool_permissions
from accounts.tool_permissions import NO_TOOL, ToolLimit, declare_tools, from_stored, require_known
from snapotter.common.errors import ValidationFailed

NOT_A_LIMIT = [
    {},
    [],
    "all",
    7,
    True,
    {"mode": "tool"},
    {"allowed": ["crop"]},
    {"mode": "all", "allowed": []},
    {"mode": "tool", "allowed": "crop"},
    {"mode": "tool", "allowed": None},
    {"mode": "tool", "allowed": [7]},
    {"mode": "tool", "allowed": ["crop", "crop"]},
    {"mode": "tool", "allowed": ["Crop"]},
    {"mode": "tool", "allowed": ["-crop"]},
    {"mode": "tool", "allowed": ["crop\n"]},
    {"mode": "tool", "allowed": [""]},
    {"mode": "tool", "allowed": ["x" * 101]},
    {"mode": "tool", "allowed": [f"tool-{number}" for number in range(1001)]},
    {"mode": "tool", "allowed": ["crop"], "denied": []},
]


@pytest.fixture
def tools() -> Iterator[None]:
    """Other tools than the real ones."""
    real = dict(tool_permissions._category_of)
    declare_tools({"crop": "essentials", "resize": "essentials", "convert": "format"})
    yield
    declare_tools(real)


def limit(mode: str, *allowed: str) -> ToolLimit:
    return ToolLimit.model_validate({"mode": mode, "allowed": list(allowed)})


def test_a_limit_to_tools_allows_those() -> None:
    assert limit("tool", "crop").allows("crop", "essentials")
    assert not limit("tool", "crop").allows("resize", "essentials")
    assert not limit("tool", "essentials").allows("resize", "essentials")


def test_a_limit_to_categories_allows_their_tools() -> None:
    assert limit("category", "essentials").allows("crop", "essentials")
    assert not limit("category", "essentials").allows("convert", "format")
    assert not limit("category", "crop").allows("crop", "essentials")


@pytest.mark.parametrize("mode", ["tool", "category"])
def test_an_empty_list_allows_nothing(mode: str) -> None:
    assert not limit(mode).allows("crop", "essentials")


@pytest.mark.parametrize("value", NOT_A_LIMIT)
def test_what_is_no_limit_is_refused_and_if_stored_allows_nothing(value: Any) -> None:
    with pytest.raises(ValidationError):
        ToolLimit.model_validate(value)
    assert from_stored(value) == NO_TOOL


def test_null_is_no_limit() -> None:
    assert from_stored(None) is None
    assert from_stored({"mode": "tool", "allowed": ["crop"]}) == limit("tool", "crop")


@pytest.mark.parametrize(
    ("inner", "outer", "within"),
    [
        (limit("tool", "crop"), limit("tool", "crop", "resize"), True),
        (limit("tool", "crop", "resize"), limit("tool", "crop"), False),
        (limit("category", "format"), limit("category", "format", "essentials"), True),
        (limit("category", "format"), limit("category", "essentials"), False),
        (limit("tool", "crop", "resize"), limit("category", "essentials"), True),
        (limit("tool", "crop", "convert"), limit("category", "essentials"), False),
        (limit("tool", "teapot"), limit("category", "essentials"), False),
        (limit("category", "format"), limit("tool", "convert"), False),
        (limit("category"), limit("tool"), True),
        (limit("tool"), limit("category"), True),
    ],
)
def test_one_limit_is_within_another(tools: None, inner: ToolLimit, outer: ToolLimit, within: bool) -> None:
    assert inner.is_within(outer) is within


def test_only_declared_tools_and_categories_are_known(tools: None) -> None:
    for known in (None, NO_TOOL, limit("tool", "crop", "convert"), limit("category", "format")):
        require_known(known)
    with pytest.raises(ValidationFailed, match="no tool is called kettle, teapot"):
        require_known(limit("tool", "teapot", "crop", "kettle"))
    with pytest.raises(ValidationFailed, match="no category is called crop"):
        require_known(limit("category", "crop"))
