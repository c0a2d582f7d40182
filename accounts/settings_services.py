"""Changing settings that act while the server runs: who may, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from accounts.authority import require_live
from accounts.permissions import has_permission
from audit.services import record
from snapotter.common.errors import Conflict, PermissionRefused
from snapotter.runtime.registry import DEFINITIONS
from snapotter.runtime.services import change, require_changeable

WRITE: Final = "settings:write"
LONGEST_RECORDED: Final = 500


def settings_change(
    *, user: Any, values: Mapping[str, str], expected: Mapping[str, str] | None = None
) -> None:
    """Change the settings named, all or none, each given as text.

    `expected` is what the user saw before. Raises UnknownSetting, ReadonlySetting, AuthenticationRequired
    when the user was let in by what has ended, PermissionRefused when one of them needs more than the user
    may, ValidationFailed, and Conflict when one is not any more what was expected, in this order; the last
    two with `details` = [{path, message}].
    """
    require_changeable(values)
    with transaction.atomic():
        by = require_live(user)
        if not all(has_permission(by, needed) for needed in _needed(values)):
            raise PermissionRefused
        changes = change(values)
        _require_as_expected(changes, expected or {})
        if values:
            record("SETTINGS_UPDATED", actor=by, details=_details(by, values, changes))


def _require_as_expected(changes: Mapping[str, tuple[str, str]], expected: Mapping[str, str]) -> None:
    problems = [
        {"path": name, "message": f"was changed by somebody else meanwhile, to {_brief(old)}"}
        for name, (old, _) in changes.items()
        if expected.get(name, old) != old
    ]
    if problems:
        raise Conflict("Somebody else changed the same settings meanwhile", details=problems)


def _needed(names: Mapping[str, str]) -> set[str]:
    return {WRITE, *(DEFINITIONS[name].writes for name in names)}


def _details(
    user: Any, values: Mapping[str, str], changes: Mapping[str, tuple[str, str]]
) -> dict[str, object]:
    """The names asked for; of what differs now, how it was and is, masked where it is a secret."""
    return {
        "adminId": str(user.pk),
        "username": user.username,
        "keys": sorted(values),
        "changes": {name: [_brief(old), _brief(new)] for name, (old, new) in changes.items()},
    }


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST_RECORDED else text[:LONGEST_RECORDED] + "…"
