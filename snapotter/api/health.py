"""Is the server alive, and can it do its work?"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from django.conf import settings
from django.db import Error, connection
from rest_framework.request import Request
from rest_framework.response import Response

from processing.queue_state import queue_state
from snapotter.common.endpoint import PUBLIC, Endpoint, operation
from snapotter.common.errors import NotFound
from snapotter.common.wire import WireModel

log = logging.getLogger(__name__)

_STARTED: Final = time.monotonic()


class HealthBody(WireModel):
    status: str
    version: str


class StorageHealth(WireModel):
    mode: str
    available: str = "N/A"


class QueueHealth(WireModel):
    """Files of batches count one by one."""

    active: int
    pending: int


class ServerHealth(WireModel):
    """`degraded`: jobs wait, and no worker was heard of within a minute. `ai` is empty: there are no features
    of that kind in this version."""

    status: str
    version: str
    uptime: str
    storage: StorageHealth
    database: str
    queue: QueueHealth
    ai: dict[str, str] = {}


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        log.error("the database does not answer: %s", error)
        return False
    return True


class Health(Endpoint):
    authentication_classes = ()  # a probe must not fail because of a token, nor cost a query for one

    @operation(
        access=PUBLIC, answers=HealthBody, summary="Liveness: is the server up, does its database answer"
    )
    def get(self, request: Request) -> Any:
        healthy = database_answers()
        body = HealthBody(status="healthy" if healthy else "unhealthy", version=settings.VERSION)
        return Response(body.wire(), status=200 if healthy else 503)


class AdminHealth(Endpoint):
    @operation(
        access="system:health", answers=ServerHealth, summary="Does the server do its work", tags=["health"]
    )
    def get(self, request: Request) -> ServerHealth:
        """Who is let in was read from the database: it answers."""
        state = queue_state()
        return ServerHealth(
            status="degraded" if state.is_abandoned else "healthy",
            version=settings.VERSION,
            uptime=f"{time.monotonic() - _STARTED:.0f}s",
            storage=StorageHealth(mode=settings.STORAGE_MODE),
            database="ok",
            queue=QueueHealth(active=state.active, pending=state.pending),
        )


class Unknown(Endpoint):
    """Any other path below /api/: 401 to strangers, so that they cannot map it, 404 to the rest."""

    schema = None

    def access(self, method: str) -> str | None:
        return "signed-in"

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotFound("Not found: there is no such endpoint")
