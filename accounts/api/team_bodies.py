"""What the endpoints of teams take and answer."""

from __future__ import annotations

from uuid import UUID

from accounts.api.fields import Storable
from snapotter.common.wire import Timestamp, WireModel


class TeamBody(WireModel):
    """`storageQuota` is in bytes; null is no limit."""

    name: Storable
    storage_quota: int | None = None
    retention_hours: int | None = None


class TeamChanges(WireModel):
    """What is absent stays as it is; null lifts a limit."""

    name: Storable | None = None
    storage_quota: int | None = None
    retention_hours: int | None = None


class NewTeam(WireModel):
    id: UUID
    name: str


class TeamItem(NewTeam):
    member_count: int
    storage_quota: int | None
    retention_hours: int | None
    created_at: Timestamp


class TeamList(WireModel):
    teams: list[TeamItem]
