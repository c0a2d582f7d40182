"""Teams in the admin site."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.sizes import SizeField, size_text
from accounts.bootstrap import TEAM_NAME
from accounts.caller import user_of
from accounts.models import Team
from accounts.team_selectors import teams
from accounts.team_services import MOST_BYTES, MOST_HOURS, team_create, team_delete, team_update
from snapotter.common.errors import Conflict, SnapOtterError, ValidationFailed
from snapotter.common.model_admin import ServiceAdmin, ServiceForm

_FIELDS: Final = ("name", "storage_quota", "retention_hours")


class TeamForm(ServiceForm):
    storage_quota = SizeField(
        least=1,
        most=MOST_BYTES,
        label="Storage quota",
        help_text="What its members may keep together, as 500 MB or 20 GB. Not set: no limit of its own.",
    )
    retention_hours = forms.IntegerField(
        label="Retention",
        required=False,
        min_value=1,
        max_value=MOST_HOURS,
        help_text="After how many hours its results are deleted. Not set: when the settings say so.",
    )

    class Meta:
        model = Team
        fields = _FIELDS
        help_texts: ClassVar[dict[str, str]] = {"name": "Unique, whether in capitals or not."}


@admin.register(Team)
class TeamAdmin(ServiceAdmin):
    form = TeamForm
    fields = _FIELDS
    list_display = ("name", "people", "quota", "retention", "created_at")
    search_fields = ("name",)
    search_help_text = "The name of a team"
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return teams(for_user=user_of(request))

    @admin.display(description="members", ordering="member_count")
    def people(self, team: Team) -> int:
        return team.member_count

    @admin.display(description="storage quota", ordering="storage_quota")
    def quota(self, team: Team) -> str:
        return "No limit" if team.storage_quota is None else size_text(team.storage_quota)

    @admin.display(ordering="retention_hours")
    def retention(self, team: Team) -> str:
        return "As in the settings" if team.retention_hours is None else f"{team.retention_hours} hours"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        caller = user_of(request)
        if change:
            team_update(caller=caller, team_id=obj.pk, **form.changes())
        else:
            obj.pk = team_create(caller=caller, **form.changes()).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        team_delete(caller=user_of(request), team_id=obj.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The team where new users go stays, whatever else is changed."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.name != TEAM_NAME)

    def field_at_fault(self, error: SnapOtterError, form: forms.ModelForm[Any]) -> str | None:
        return "name" if isinstance(error, Conflict | ValidationFailed) else None
