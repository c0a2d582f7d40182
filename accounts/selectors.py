"""Reading accounts. A selector takes the user it reads for, where users see different things."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.bootstrap import TEAM_ID, TEAM_NAME
from accounts.models import ApiKey, Team, User
from accounts.permissions import has_permission


def api_keys(*, for_user: User) -> QuerySet[ApiKey]:
    """One's own keys, everybody's for a holder of `apikeys:all`; newest first."""
    keys = ApiKey.objects.order_by("-created_at", "id")
    return keys if has_permission(for_user, "apikeys:all") else keys.filter(user=for_user)


def users() -> QuerySet[User]:
    """Everybody with the team, oldest first; for holders of `users:manage`."""
    return User.objects.select_related("team").order_by("created_at", "id")


def default_team() -> Team | None:
    """Where new users go: the team called `Default`, else the one seeded under that name, else the oldest."""
    teams = list(Team.objects.order_by("created_at", "id"))
    by_rank = sorted(teams, key=lambda team: (team.name != TEAM_NAME, team.pk != TEAM_ID))
    return by_rank[0] if by_rank else None


def team_called(name_or_id: str) -> Team | None:
    """The team of exactly that name, else of that id."""
    return Team.objects.filter(name=name_or_id).first() or _team_with_id(name_or_id)


def _team_with_id(text: str) -> Team | None:
    try:
        return Team.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None
