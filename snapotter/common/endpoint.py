"""One way to declare a REST operation: who may call it, what it takes, what it answers.

    class Teams(Endpoint):
        @operation(access="teams:manage", answers=TeamList)
        def get(self, request): ...

        @operation(access="teams:manage", body=TeamBody, answers=TeamOut, status=201)
        def post(self, request, body): ...

`access` is PUBLIC, SIGNED_IN or a permission; there is no default, so nothing is open by omission.
Who the caller is and whether it may is decided by `accounts.api` (authentication and permission classes
named in the settings); errors are rendered by `snapotter.api.errors`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from snapotter.common.access import PUBLIC, SIGNED_IN
from snapotter.common.wire import WireModel, parse_body

__all__ = ["PUBLIC", "SIGNED_IN", "Endpoint", "ErrorBody", "Ok", "operation"]

Handler = Callable[..., Any]


class Ok(WireModel):
    ok: bool = True


class ErrorBody(WireModel):
    """Every error: a sentence for people, a code for programs, sometimes details."""

    error: str
    code: str
    details: Any = None


class Endpoint(APIView):
    """Base of all REST views: every handler carries an `operation`."""

    def access(self, method: str) -> str | None:
        """What the handler of an HTTP method demands; None for a handler that declared nothing: refused."""
        handler = getattr(self, method.lower(), None)
        return getattr(handler, "access", None)

    def allows_pending_password_change(self, method: str) -> bool:
        handler = getattr(self, method.lower(), None)
        return bool(getattr(handler, "pending_password_change", False))

    def per_minute(self, method: str) -> int | None:
        """How often a caller may use the handler of an HTTP method in a minute; None for no limit of its
        own."""
        handler = getattr(self, method.lower(), None)
        return getattr(handler, "per_minute", None)


def operation(
    *,
    access: str,
    answers: type[WireModel] | None = None,
    body: type[WireModel] | None = None,
    status: int = 200,
    summary: str = "",
    tags: list[str] | None = None,
    parameters: list[OpenApiParameter] | None = None,
    pending_password_change: bool = False,
    per_minute: int | None = None,
    **schema: Any,
) -> Callable[[Handler], Handler]:
    """Declare a handler. With `body` it gets the parsed body; a WireModel that it returns is sent as JSON.

    `pending_password_change` opens it to sessions whose password must be changed first. `per_minute` is how
    often one caller may use it. `schema` goes to drf-spectacular's extend_schema as it is.
    """

    def decorate(method: Handler) -> Handler:
        @wraps(method)
        def handler(self: Endpoint, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if body is not None:
                kwargs["body"] = parse_body(body, request.data)
            answer = method(self, request, *args, **kwargs)
            return Response(answer.wire(), status=status) if isinstance(answer, WireModel) else answer

        handler.access = access  # type: ignore[attr-defined]  # read by Endpoint.access
        handler.pending_password_change = pending_password_change  # type: ignore[attr-defined]
        handler.per_minute = per_minute  # type: ignore[attr-defined]
        schema.setdefault("responses", {status: answers, "default": ErrorBody})
        schema.setdefault("auth", [] if access == PUBLIC else None)
        schema.setdefault("request", body)
        document = extend_schema(summary=summary or None, tags=tags, parameters=parameters, **schema)
        return document(handler)

    return decorate
