"""Who asks, from where, in which request: set by the middleware, read when something is recorded."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class RequestContext:
    """Outside of a request (a command, a worker) every field but the id is empty."""

    request: HttpRequest | None = None
    ip_address: str | None = None
    user_agent: str = ""
    request_id: uuid.UUID | None = field(default_factory=uuid.uuid4)

    @property
    def actor(self) -> Any:
        """The signed-in user or None. Asked late, because the API authenticates after the middleware ran."""
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None


_NOWHERE = RequestContext(request_id=None)
_current: ContextVar[RequestContext] = ContextVar("request_context", default=_NOWHERE)


def current() -> RequestContext:
    return _current.get()


@contextmanager
def use(context: RequestContext) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
