"""By what the list of users in the admin site is narrowed down."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest

from accounts.models import Role, Team
from snapotter.common.list_filters import ColumnFilter


class RoleFilter(ColumnFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(name, name) for name in Role.objects.order_by("name").values_list("name", flat=True)]


class TeamFilter(ColumnFilter):
    title = "team"
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(str(team.pk), team.name) for team in Team.objects.order_by("name")]


class StateFilter(ColumnFilter):
    title = "state"
    parameter_name = "is_active"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("1", "Active"), ("0", "Disabled")]
