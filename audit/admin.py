"""The audit log for people: read, searched, never changed."""

from __future__ import annotations

from django.contrib import admin

from audit.models import AuditEntry
from snapotter.common.model_admin import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "actor_username", "action", "target_type", "target_id", "ip_address")
    list_filter = ("action",)
    search_fields = ("actor_username",)
    date_hierarchy = "created_at"
