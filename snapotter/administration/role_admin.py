"""Roles in the admin site. They are here and not in `accounts`, as they name tools."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import role_services
from accounts.authority import of, of_caller
from accounts.caller import user_of
from accounts.errors import EscalationDenied
from accounts.models import Role
from accounts.permission_texts import texts_of
from accounts.permissions import effective, of_role, tools_of_role
from accounts.role_selectors import roles
from snapotter.administration.role_form import RoleForm
from snapotter.administration.tool_picker import tools_in_words
from snapotter.common.errors import Conflict, SnapOtterError, ValidationFailed
from snapotter.common.model_admin import ServiceAdmin

HOLDERS_SHOWN: Final = 20


@admin.register(Role)
class RoleAdmin(ServiceAdmin):
    form = RoleForm
    fields = ("name", "description", "permissions", "mode", "categories", "tools")
    list_display = ("title", "description", "permission_count", "holders", "updated_at")
    search_fields = ("name", "description")
    search_help_text = "Words of a name or description"
    ordering = ("-is_builtin", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return roles(for_user=user_of(request))

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        """A page that only tells has a template of its own for what is no column."""
        return self.fields if obj is None or self.has_change_permission(request, obj) else self.fields[:2]

    @admin.display(description="name", ordering="name")
    def title(self, role: Role) -> SafeString | str:
        return format_html('{} <span class="badge">Built in</span>', role) if role.is_builtin else str(role)

    @admin.display(description="permissions")
    def permission_count(self, role: Role) -> int:
        return len(of_role(role.name, role.permissions))

    @admin.display(description="users", ordering="user_count")
    def holders(self, role: Role) -> int:
        return role.user_count

    def has_change_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        """The built-in ones stay, and those that may do more than oneself."""
        return super().has_change_permission(request, obj) and (obj is None or _within_reach(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or _within_reach(request, obj))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.held = effective(user_of(request))
        return form

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **options: Any
    ) -> HttpResponse:
        role = options.get("obj")
        if role is not None:
            shown = role.users.order_by("username")[:HOLDERS_SHOWN]
            context |= {
                "held": texts_of(of_role(role.name, role.permissions)),
                "tools": tools_in_words(tools_of_role(role.name, role.tool_permissions)),
                "holders": shown,
                "holders_beyond": max(0, role.user_count - HOLDERS_SHOWN),
            }
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        caller = user_of(request)
        if change:
            role_services.role_update(caller=caller, role_id=obj.pk, **form.changes())
        else:
            obj.pk = role_services.role_create(caller=caller, **form.changes()).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        role_services.role_delete(caller=user_of(request), role_id=obj.pk)

    def field_at_fault(self, error: SnapOtterError, form: Any) -> str | None:
        if isinstance(error, EscalationDenied):
            return "mode" if "mode" in form.changed_data else "permissions"
        if isinstance(error, Conflict | ValidationFailed):
            return "name"
        return None


def _within_reach(request: HttpRequest, role: Role) -> bool:
    return not role.is_builtin and of_caller(user_of(request)).covers(of(role))
