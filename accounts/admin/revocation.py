"""Keys and sessions in the admin site: seen by whom they belong to, and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import revocation
from accounts.caller import user_of
from accounts.devices import device_of
from accounts.list_filters import OwnerFilter
from accounts.models import ApiKey, Session
from accounts.session_services import session_handle
from snapotter.common.model_admin import ReadOnlyAdmin


class KeyStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("unused", "Not used for 90 days"), ("endless", "Never expires"), ("expired", "Expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        now = timezone.now()
        if self.value() == "unused":
            return queryset.exclude(last_used_at__gt=now - timedelta(days=90))
        if self.value() == "endless":
            return queryset.filter(expires_at=None)
        return queryset.filter(expires_at__lte=now) if self.value() == "expired" else queryset


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    audit_target = "api_key"
    list_display = ("name", "user", "scope", "created_at", "last_used_at", "expires_at")
    list_filter = (OwnerFilter, KeyStateFilter)
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    search_help_text = "The name of a key or of its owner"
    ordering = ("-created_at",)
    actions = ("revoke",)
    fields = ("name", "user", "scope", "fingerprint", "created_at", "last_used_at", "expires_at")

    def scope(self, key: ApiKey) -> str:
        if key.permissions is None:
            return "Everything its owner may"
        return ", ".join(key.permissions) or "Nothing"

    def fingerprint(self, key: ApiKey) -> SafeString | str:
        """The first digits of the SHA-256 of the key, to find the row of a key that was seen somewhere."""
        if not key.key_prefix:
            return self.get_empty_value_display()
        return format_html("<code>{}…</code> (SHA-256)", key.key_prefix)

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        caller = user_of(request)
        self.for_each(
            request, keys, lambda key: revocation.api_key_revoke(caller=caller, key_id=key.pk), "Keys revoked"
        )

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return user_of(request).has_perm("accounts.delete_apikey")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """A list and no more: the key of a row is the token of its user, and belongs into no address or page."""

    list_display = ("user", "device", "ip_address", "created_at", "last_activity", "expires_at")
    list_display_links = None
    list_filter = (OwnerFilter,)
    list_select_related = ("user",)
    search_fields = ("user__username", "ip_address")
    search_help_text = "The name of a user, or an address"
    ordering = ("-last_activity",)
    actions = ("end",)

    def get_urls(self) -> list[URLPattern]:
        return [each for each in super().get_urls() if each.name == "accounts_session_changelist"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.filter(expires_at__gt=timezone.now())

    def device(self, session: Session) -> str:
        return device_of(session.user_agent)

    def action_checkbox(self, obj: Session) -> SafeString:
        """Django's would hold the key of the row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="Session of {}">',
            ACTION_CHECKBOX_NAME,
            session_handle(obj.pk),
            obj.user,
        )

    def response_action(  # type: ignore[override]  # the stubs are ahead of Django 5.2
        self, request: HttpRequest, queryset: QuerySet[Session]
    ) -> HttpResponse | None:
        """What was chosen are handles; Django goes on with keys."""
        chosen = revocation.sessions_by_handle(request.POST.getlist(ACTION_CHECKBOX_NAME))
        form: Any = request.POST.copy()
        form.setlist(ACTION_CHECKBOX_NAME, list(chosen.values_list("pk", flat=True)))
        request.POST = form
        return super().response_action(request, queryset)

    @admin.action(description="End", permissions=["end"])
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        caller = user_of(request)
        self.for_each(
            request,
            sessions,
            lambda session: revocation.session_revoke(caller=caller, handle=session_handle(session.pk)),
            "Sessions ended",
        )

    def has_end_permission(self, request: HttpRequest) -> bool:
        return user_of(request).has_perm("accounts.delete_session")
