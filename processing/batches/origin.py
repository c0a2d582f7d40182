"""From where a batch was asked for, kept in its row while it goes on: its members are recorded as asked for
from there, whoever runs them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit.context import RequestContext
from processing.models import Job
from snapotter.common.wire import WireModel


class Origin(WireModel):
    """What `jobs.result` of a batch holds until there is a result."""

    ip_address: str | None = None
    request_id: str | None = None

    @classmethod
    def of(cls, where: RequestContext) -> Origin:
        return cls(
            ip_address=where.ip_address, request_id=str(where.request_id) if where.request_id else None
        )

    @classmethod
    def load(cls, value: Any) -> Origin:
        return cls.model_validate(value or {}, by_alias=True)

    @property
    def context(self) -> RequestContext:
        return RequestContext(
            ip_address=self.ip_address, request_id=UUID(self.request_id) if self.request_id else None
        )


def origin_of(member: Job) -> RequestContext:
    batch = Job.objects.filter(members=member, completed_at=None)
    return Origin.load(batch.values_list("result", flat=True).first()).context
