"""The audit log, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from audit.selectors import entries
from snapotter.common.endpoint import Endpoint, operation
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


class AuditLog(Endpoint):
    @operation(
        access="audit:read",
        answers=AuditPage,
        summary="Who did what, newest first",
        tags=["Audit log"],
        parameters=[
            *Page.PARAMETERS,
            OpenApiParameter("action", str, description="Exactly this action."),
            OpenApiParameter("from", str, description="ISO 8601, inclusive; what is no date is ignored."),
            OpenApiParameter("to", str, description="ISO 8601, inclusive: a date means its whole day."),
            OpenApiParameter("ip", str, description="Exactly this address."),
        ],
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
