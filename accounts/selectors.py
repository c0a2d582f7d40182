"""Reading accounts. Every selector takes the user it reads for."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import ApiKey, User
from accounts.permissions import has_permission


def api_keys(*, for_user: User) -> QuerySet[ApiKey]:
    """One's own keys, everybody's for a holder of `apikeys:all`; newest first."""
    keys = ApiKey.objects.order_by("-created_at", "id")
    return keys if has_permission(for_user, "apikeys:all") else keys.filter(user=for_user)
