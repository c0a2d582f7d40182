"""The audit log, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from audit.download import export_response
from audit.export import FORMATS
from audit.selectors import entries, filters_of
from snapotter.common.endpoint import Endpoint, ErrorBody, operation
from snapotter.common.paging import Page
from snapotter.common.wire import Timestamp, WireModel


class AuditItem(WireModel):
    id: UUID
    actor_id: UUID | None
    actor_username: str
    action: str
    target_type: str | None
    target_id: str | None
    details: Any
    ip_address: str | None
    created_at: Timestamp


class AuditPage(WireModel):
    entries: list[AuditItem]
    total: int
    page: int
    limit: int


FILTER_PARAMETERS = [
    OpenApiParameter("action", str, description="Exactly this action."),
    OpenApiParameter("from", str, description="ISO 8601, inclusive; what is no date is ignored."),
    OpenApiParameter("to", str, description="ISO 8601, inclusive: a date means its whole day."),
    OpenApiParameter("ip", str, description="Exactly this address."),
]


class AuditLog(Endpoint):
    @operation(
        access="audit:read",
        answers=AuditPage,
        summary="Who did what, newest first",
        tags=["Audit log"],
        parameters=[*Page.PARAMETERS, *FILTER_PARAMETERS],
    )
    def get(self, request: Request) -> AuditPage:
        page = Page.of(request.query_params)
        rows, total = page.cut(entries(request.query_params))
        return AuditPage(
            entries=[AuditItem.model_validate(row) for row in rows],
            total=total,
            page=page.number,
            limit=page.limit,
        )


class AuditLogExport(Endpoint):
    @operation(
        access="audit:read",
        summary="The log as a file, oldest first: JSON Lines can be verified, CSV is for spreadsheets",
        tags=["Audit log"],
        parameters=[OpenApiParameter("format", str, enum=FORMATS, default="jsonl"), *FILTER_PARAMETERS],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.BINARY,
            "default": ErrorBody,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = request.query_params
        return export_response(
            request, format=query.get("format", "jsonl"), rows=entries(query), filters=filters_of(query)
        )
