"""The audit log for people: read, searched, never changed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.action_texts import action_text, target_text
from audit.download import export_response
from audit.models import AuditEntry
from audit.search import matching, recorded_actions
from audit.selectors import is_address
from audit.services import TARGET_TYPES
from snapotter.common.errors import ValidationFailed
from snapotter.common.list_filters import ColumnFilter, DateFilter, LinkedFilter
from snapotter.common.model_admin import ReadOnlyAdmin


class ActionFilter(ColumnFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(action, action_text(action)) for action in recorded_actions()]


class TargetTypeFilter(ColumnFilter):
    title = "kind of target"
    parameter_name = "target_type"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(kind, kind.replace("_", " ").capitalize()) for kind in TARGET_TYPES]


class TargetFilter(LinkedFilter):
    title = "target"
    parameter_name = "target_id"


class ActorFilter(LinkedFilter):
    title = "actor"
    parameter_name = "actor_id"

    def name_of(self, value: str) -> str:
        newest = AuditEntry.objects.filter(actor_id=value).order_by("-seq").first()
        return newest.actor_username if newest else value


class AddressFilter(LinkedFilter):
    title = "address"
    parameter_name = "ip_address"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        if not is_address(self.value() or "::"):
            raise IncorrectLookupParameters
        return super().queryset(request, queryset)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    audit_target = None
    list_display = ("created_at", "actor", "what", "about", "address")
    list_filter = (TargetFilter, ActorFilter, AddressFilter, DateFilter, ActionFilter, TargetTypeFilter)
    search_fields = ("actor_username",)  # that there is a search; what it looks at is `matching`
    search_help_text = "The name of who did it, an address, or the id of a user, a target or a request"
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("created_at", "actor", "what", "about", "readable_details")}),
        ("Where it came from", {"fields": ("address", "request_id")}),
        ("As it is recorded", {"fields": ("action", "actor_id", "target_type", "target_id")}),
        ("The chain", {"fields": ("seq", "prev_hash", "hash")}),
    )

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export/<str:format>", export, name="audit_auditentry_export"), *super().get_urls()]

    def export(self, request: HttpRequest, format: str) -> HttpResponseBase:
        """The entries that the list would show, all pages of it, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            raise ValidationFailed("These filters make no sense") from None
        filters = {name: str(value) for name, value in request.GET.items() if value}
        return export_response(request, format=format, rows=rows, filters=filters)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        return (matching(queryset, search_term) if search_term else queryset), False

    def actor(self, entry: AuditEntry) -> SafeString | str:
        """Links to what else the actor did."""
        return _filtered("actor_id", entry.actor_id, entry.actor_username)

    def address(self, entry: AuditEntry) -> SafeString | str:
        """Links to what else came from there."""
        return _filtered("ip_address", entry.ip_address, entry.ip_address or self.get_empty_value_display())

    @admin.display(description="action")
    def what(self, entry: AuditEntry) -> str:
        return action_text(entry.action)

    @admin.display(description="target")
    def about(self, entry: AuditEntry) -> str:
        return target_text(entry) or self.get_empty_value_display()

    @admin.display(description="details")
    def readable_details(self, entry: AuditEntry) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(entry.details, indent=2, ensure_ascii=False))


def _filtered(parameter: str, value: Any, text: str) -> SafeString | str:
    if value is None:
        return text
    address = reverse("admin:audit_auditentry_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode({parameter: value}), text)
