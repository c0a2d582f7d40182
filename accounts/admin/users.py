"""Users in the admin site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import revocation, user_services
from accounts.admin.sizes import size_text
from accounts.admin.user_filters import RoleFilter, StateFilter, TeamFilter
from accounts.admin.user_forms import EDITABLE, NEW, MoveForm, NewUserForm, UserForm
from accounts.admin.user_pages import UserPages
from accounts.authority import reaches
from accounts.bootstrap import ANONYMOUS_ID
from accounts.caller import user_of
from accounts.errors import EscalationDenied, LastAdmin, SelfDemotion
from accounts.models import User
from accounts.selectors import users
from snapotter.common.errors import Conflict, SnapOtterError, ValidationFailed


@admin.register(User)
class UserAdmin(UserPages):
    form = UserForm
    action_form = MoveForm
    list_display = ("username", "role", "team", "state", "last_sign_in", "storage", "created_at")
    list_filter = (RoleFilter, TeamFilter, StateFilter)
    list_select_related = ("role", "team")
    search_fields = ("username",)
    search_help_text = "The name of a user"
    ordering = ("username",)
    actions = ("move", "disable", "enable", "end_sessions")
    readonly_fields = ("last_sign_in", "storage", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return users(for_user=user_of(request)).select_related("role")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": NEW})]
        access = EDITABLE if self.has_change_permission(request, obj) else ("role", "team_name", "state")
        return [("Access", {"fields": access}), ("So far", {"fields": self.readonly_fields})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewUserForm
        return super().get_form(request, obj, change, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        original = context.get("original")
        context["stands_for_everybody"] = original is not None and original.pk == ANONYMOUS_ID
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = db_field.related_model.objects.order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(ordering="is_active")
    def state(self, user: User) -> SafeString:
        kind, text = ("", "Active") if user.is_active else (" badge-bad", "Disabled")
        return format_html('<span class="badge{}">{}</span>', kind, text)

    @admin.display(description="team")
    def team_name(self, user: User) -> str:
        """Django would link to the team, which not everybody may see who sees users."""
        return str(user.team or self.get_empty_value_display())

    @admin.display(description="last sign-in", ordering="last_login")
    def last_sign_in(self, user: User) -> str:
        return date_format(user.last_login, "DATETIME_FORMAT") if user.last_login else "Never"

    @admin.display(description="storage used", ordering="storage_used")
    def storage(self, user: User) -> str:
        used = filesizeformat(user.storage_used)
        return used if user.storage_quota is None else f"{used} of {size_text(user.storage_quota)}"

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Of somebody who may do more than oneself, a page tells only."""
        return super().has_change_permission(request, obj) and (obj is None or reaches(user_of(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or reaches(user_of(request), obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        values = form.changes()
        if "role" in values:
            values["role"] = values["role"].name
        if values.get("team") is not None:
            values["team"] = values["team"].name
        if change:
            user_services.user_update(caller=user_of(request), user_id=obj.pk, **values)
        else:
            obj.pk = user_services.user_create(caller=user_of(request), **values).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        user_services.user_delete(caller=user_of(request), user_id=obj.pk)

    def field_at_fault(self, error: SnapOtterError, form: Any) -> str | None:
        if "rule" in error.extra:
            return "password"
        if isinstance(error, SelfDemotion | LastAdmin):
            return "is_active" if "is_active" in form.changed_data else "role"
        if isinstance(error, EscalationDenied):
            return "role" if "role" in form.changed_data else None
        is_of_name = isinstance(error, Conflict | ValidationFailed) and "username" in form.fields
        return "username" if is_of_name else None

    @admin.action(description="Move to the team", permissions=["change"])
    def move(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        form = MoveForm(request.POST)
        del form.fields["action"]  # what is asked here is the team
        team = form.cleaned_data["team"] if form.is_valid() else None
        if team is None:
            self.message_user(request, "Choose the team to move them to.", messages.ERROR)
        else:
            self._update_each(request, chosen, f"Moved to {team}", team=team.name)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._update_each(request, chosen, "Disabled", is_active=False)

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._update_each(request, chosen, "Enabled", is_active=True)

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        caller = user_of(request)
        self.for_each(
            request,
            chosen,
            lambda user: revocation.sessions_revoke(caller=caller, user_id=user.pk),
            "All sessions ended of users",
        )

    def _update_each(self, request: HttpRequest, chosen: QuerySet[User], done: str, **changes: Any) -> None:
        caller = user_of(request)
        self.for_each(
            request,
            chosen,
            lambda user: user_services.user_update(caller=caller, user_id=user.pk, **changes),
            done,
        )
