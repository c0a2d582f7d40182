"""Actions and targets in words."""

from __future__ import annotations

from typing import Any

import pytest

from audit.action_texts import action_text, target_text
from audit.models import AuditEntry


@pytest.mark.parametrize(
    ("action", "text"),
    [("LOGIN_SUCCESS", "Signed in"), ("WATER_CHANGED", "Water changed"), ("", "")],
)
def test_an_action_has_words(action: str, text: str) -> None:
    assert action_text(action) == text


@pytest.mark.parametrize(
    ("details", "text"),
    [
        ({"userId": "1", "keyName": "nightly"}, "nightly"),
        ({"keys": ["appName", "defaultTheme"]}, "appName, defaultTheme"),
        ({"userId": "1"}, ""),
        (None, ""),
    ],
)
def test_a_target_is_named(details: dict[str, Any] | None, text: str) -> None:
    assert target_text(AuditEntry(details=details)) == text
