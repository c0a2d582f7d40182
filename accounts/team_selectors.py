"""Reading teams."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.models import Team, User
from accounts.permissions import require_any
from snapotter.common.errors import NotFound


def teams(*, for_user: User) -> QuerySet[Team]:
    """All teams with `member_count`, the oldest first. Raises PermissionRefused."""
    require_any(for_user, "teams:manage", "users:manage")
    counted = Team.objects.annotate(member_count=Count("members"))  # type: ignore[no-redef]  # see Team
    return counted.order_by("created_at", "id")


def team_to_change(*, for_user: User, team_id: UUID) -> Team:
    """Raises PermissionRefused, NotFound."""
    require_any(for_user, "teams:manage")
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise NotFound("There is no such team")
    return team
