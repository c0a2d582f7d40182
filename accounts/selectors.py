"""Reading accounts. A selector takes the user it reads for, where users see different things."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Case, Model, QuerySet, When
from django.utils import timezone

from accounts.bootstrap import TEAM_ID, TEAM_NAME
from accounts.models import ApiKey, Session, Team, User
from accounts.permissions import has_permission, require_any
from snapotter.common.ids import parse_uuid

Row = TypeVar("Row", bound=Model)


def api_keys(*, for_user: User) -> QuerySet[ApiKey]:
    """One's own keys, everybody's for a holder of `apikeys:all`; newest first."""
    keys = ApiKey.objects.order_by("-created_at", "id")
    return keys if has_permission(for_user, "apikeys:all") else keys.filter(user=for_user)


def own_api_keys(*, user: User) -> QuerySet[ApiKey]:
    """Newest first; one's own alone, whatever else one may see."""
    return ApiKey.objects.filter(user=user).order_by("-created_at", "id")


def own_sessions(*, user: User, current: str | None) -> QuerySet[Session]:
    """Those that have not expired: the one of the id `current`, then the one used last and so on."""
    live = Session.objects.filter(user=user, expires_at__gt=timezone.now())
    is_other = Case(When(id=current, then=0), default=1)
    return live.order_by(is_other, "-last_activity", "-created_at", "id")


def users(*, for_user: User) -> QuerySet[User]:
    """Everybody with the team, oldest first. Raises PermissionRefused."""
    require_any(for_user, "users:manage")
    return User.objects.select_related("team").order_by("created_at", "id")


def user_called(id_or_name: str) -> User | None:
    """The user of that id, else of exactly that name, with role and team; for holders of `users:manage`."""
    everybody = User.objects.select_related("role", "team")
    return _with_id(everybody, id_or_name) or everybody.filter(username=id_or_name).first()


def default_team() -> Team | None:
    """Where new users go: the team called `Default`, else the one seeded under that name, else the oldest."""
    teams = list(Team.objects.order_by("created_at", "id"))
    by_rank = sorted(teams, key=lambda team: (team.name != TEAM_NAME, team.pk != TEAM_ID))
    return by_rank[0] if by_rank else None


def team_called(name_or_id: str) -> Team | None:
    """The team of exactly that name, else of that id."""
    return Team.objects.filter(name=name_or_id).first() or _with_id(Team.objects.all(), name_or_id)


def _with_id(rows: QuerySet[Row], text: str) -> Row | None:
    id = parse_uuid(text)
    return rows.filter(pk=id).first() if id else None
