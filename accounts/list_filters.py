"""Filters of the admin site's lists by people."""

from __future__ import annotations

from accounts.models import User
from snapotter.common.list_filters import LinkedFilter


class OwnerFilter(LinkedFilter):
    title = "user"
    parameter_name = "user"

    def name_of(self, value: str) -> str:
        return User.objects.filter(pk=value).values_list("username", flat=True).first() or value
