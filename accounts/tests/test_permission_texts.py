"""Each permission can be explained to a person."""

from __future__ import annotations

from accounts.permission_texts import TEXTS, texts_of
from accounts.permissions import PERMISSIONS


def test_each_permission_has_one_text() -> None:
    assert sorted(text.name for text in TEXTS) == sorted(PERMISSIONS)


def test_groups_are_not_scattered() -> None:
    groups = [text.group for text in TEXTS]
    assert groups == sorted(groups, key=groups.index)


def test_they_come_in_the_order_in_which_people_read_them() -> None:
    assert [text.title for text in texts_of({"audit:read", "tools:use"})] == [
        "Use tools",
        "Read the audit log",
    ]
