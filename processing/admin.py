"""Jobs in the admin site: what ran, for whom and how it ended. Never what is in the files, or their names."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.list_filters import OwnerFilter
from processing import registry
from processing.models import Job, JobStatus
from snapotter.common.ids import parse_uuid
from snapotter.common.list_filters import ColumnFilter, DateFilter
from snapotter.common.model_admin import ReadOnlyAdmin


class StatusFilter(ColumnFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(status.value, status.label) for status in JobStatus]


class ToolFilter(ColumnFilter):
    title = "tool"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        tools = [(tool.id, tool.title) for tool in registry.all_tools()]
        return [*tools, ("pipeline", "Pipeline"), ("batch", "Batch")]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    audit_target = None
    list_display = ("created_at", "type", "status", "owner", "took", "error")
    list_filter = (OwnerFilter, StatusFilter, DateFilter, ToolFilter)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    search_help_text = "The id of a job, the name of a user, or words of an error"
    ordering = ("-created_at",)
    sortable_by = ("created_at", "took")
    fieldsets = (
        (None, {"fields": ("id", "type", "status", "stage", "progress", "owner", "parent")}),
        ("How it ended", {"fields": ("error", "error_code", "attempts", "cancel_requested")}),
        ("How much it was", {"fields": ("size_before", "size_after", "took")}),
        ("When", {"fields": ("created_at", "started_at", "completed_at", "lease_until", "delete_after")}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        return (_matching(queryset, search_term.strip()) if search_term else queryset), False

    @admin.display(description="user")
    def owner(self, job: Job) -> SafeString | str:
        """Links to what else ran for the user."""
        if job.user is None:
            return self.get_empty_value_display()
        address = f"{reverse('admin:processing_job_changelist')}?{urlencode({'user': job.user_id})}"
        return format_html('<a href="{}">{}</a>', address, job.user.username)

    @admin.display(description="time taken", ordering="duration_ms")
    def took(self, job: Job) -> str:
        if job.duration_ms is None:
            return self.get_empty_value_display()
        return f"{job.duration_ms / 1000:.2f} s"

    def size_before(self, job: Job) -> str:
        return filesizeformat(job.bytes_in)

    def size_after(self, job: Job) -> str:
        return filesizeformat(job.bytes_out)


def _matching(jobs: QuerySet[Job], text: str) -> QuerySet[Job]:
    if job_id := parse_uuid(text):
        return jobs.filter(pk=job_id)
    return jobs.filter(Q(user__username__icontains=text) | Q(error__icontains=text))
