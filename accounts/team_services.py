"""What administrators change about teams."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import BigIntegerField, Value
from django.db.models.functions import Lower
from pydantic.alias_generators import to_camel

from accounts.authority import access_change, taken_is_conflict
from accounts.bootstrap import TEAM_NAME
from accounts.models import Team, User
from accounts.team_selectors import team_to_change
from audit.services import record
from snapotter.common.errors import Conflict, ValidationFailed
from snapotter.common.plain_text import has_control, is_visible
from snapotter.common.unchanged import UNCHANGED, Unchanged

MANAGE: Final = "teams:manage"
NAME_LENGTH: Final = 50
MOST_BYTES: Final = BigIntegerField.MAX_BIGINT
MOST_HOURS: Final = 2**31 - 1
_TAKEN: Final = "There is a team of that name already"


def team_create(
    *, caller: User, name: str, storage_quota: int | None = None, retention_hours: int | None = None
) -> Team:
    """Make a team; the name is trimmed, and unique whatever the case. The quota is in bytes; None: no limit.

    Raises ValidationFailed, Conflict.
    """
    team = Team(
        name=_valid_name(name),
        storage_quota=_positive(storage_quota, "storageQuota", MOST_BYTES),
        retention_hours=_positive(retention_hours, "retentionHours", MOST_HOURS),
    )
    with access_change(caller, MANAGE) as by:
        _require_free(team)
        with taken_is_conflict(_TAKEN):
            team.save(force_insert=True)
        _record("TEAM_CREATED", by, team, _limits(team))
    return team


def team_update(
    *,
    caller: User,
    team_id: UUID,
    name: str | None = None,
    storage_quota: int | Unchanged | None = UNCHANGED,
    retention_hours: int | Unchanged | None = UNCHANGED,
) -> None:
    """Change what is given of a team. Raises NotFound, ValidationFailed, Conflict."""
    with access_change(caller, MANAGE) as by:
        team = team_to_change(for_user=by, team_id=team_id)
        before = _columns(team)
        if name is not None:
            team.name = _valid_name(name)
        if storage_quota is not UNCHANGED:
            team.storage_quota = _positive(storage_quota, "storageQuota", MOST_BYTES)
        if retention_hours is not UNCHANGED:
            team.retention_hours = _positive(retention_hours, "retentionHours", MOST_HOURS)
        _require_free(team)
        changes = {column: value for column, value in _columns(team).items() if value != before[column]}
        if changes:
            with taken_is_conflict(_TAKEN):
                Team.objects.filter(pk=team.pk).update(**changes)
            told = {to_camel(column): value for column, value in changes.items()}
            _record("TEAM_UPDATED", by, team, {"teamName": before["name"], "changes": told})


def team_delete(*, caller: User, team_id: UUID) -> None:
    """Delete an empty team that is not called `Default`. Raises NotFound, ValidationFailed."""
    with access_change(caller, MANAGE) as by:
        team = team_to_change(for_user=by, team_id=team_id)
        if team.name == TEAM_NAME:
            raise ValidationFailed(f"The team {TEAM_NAME} stays: new users go there")
        if team.members.exists():
            raise ValidationFailed("The team has members; move them to another team first")
        Team.objects.filter(pk=team.pk).delete()
        _record("TEAM_DELETED", by, team, {})


def _valid_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH or has_control(name) or not is_visible(name):
        raise ValidationFailed(
            f"The name of a team has 1 to {NAME_LENGTH} characters, some of them visible and none for control"
        )
    return name


def _positive(value: int | None, name: str, most: int) -> int | None:
    if value is not None and not 1 <= value <= most:
        raise ValidationFailed(f"{name} must be between 1 and {most}, or null")
    return value


def _require_free(team: Team) -> None:
    """PostgreSQL lowers both, as in the unique index: what Python thinks of case does not matter."""
    lowered = Team.objects.alias(lowered=Lower("name")).filter(lowered=Lower(Value(team.name)))
    if lowered.exclude(pk=team.pk).exists():
        raise Conflict(_TAKEN)


def _columns(team: Team) -> dict[str, Any]:
    return {"name": team.name, "storage_quota": team.storage_quota, "retention_hours": team.retention_hours}


def _limits(team: Team) -> dict[str, Any]:
    return {"storageQuota": team.storage_quota, "retentionHours": team.retention_hours}


def _record(action: str, by: User, team: Team, told: dict[str, Any]) -> None:
    details = {"adminId": str(by.pk), "teamId": str(team.pk), "teamName": team.name} | told
    record(action, actor=by, target_id=team.pk, details=details)
