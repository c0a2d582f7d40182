"""Where a job was asked for. Its row knows, so that its run is recorded so, whoever carries and ends it."""

from __future__ import annotations

from typing import Any

from audit import context
from audit.context import RequestContext
from processing.models import Job


def origin_columns() -> dict[str, Any]:
    """Of a job that is asked for now."""
    where = context.current()
    return {"ip_address": where.ip_address, "request_id": where.request_id}


def origin_of(job: Job) -> RequestContext:
    """Without the request itself, which has ended, and with it without an actor."""
    return RequestContext(ip_address=job.ip_address, request_id=job.request_id)
