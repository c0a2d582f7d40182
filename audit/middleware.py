"""Tells the audit log which request it is in, and the client the id of its request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from ipaddress import ip_address
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from audit.context import RequestContext, use

HEADER = "X-Request-Id"
USER_AGENT_LENGTH = 500

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def RequestContextMiddleware(get_response: Sync | Async) -> Sync | Async:
    if not iscoroutinefunction(get_response):
        return _sync(cast(Sync, get_response))
    return _async(get_response)


def _sync(get_response: Sync) -> Sync:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        context = context_of(request)
        with use(context):
            return _marked(get_response(request), context)

    return middleware


def _async(get_response: Async) -> Async:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        context = context_of(request)
        with use(context):
            return _marked(await get_response(request), context)

    return middleware


def context_of(request: HttpRequest) -> RequestContext:
    agent = request.META.get("HTTP_USER_AGENT", "").replace("\0", "")
    return RequestContext(request, client_ip(request), agent[:USER_AGENT_LENGTH])


def _marked(response: HttpResponseBase, context: RequestContext) -> HttpResponseBase:
    response[HEADER] = str(context.request_id)
    return response


def client_ip(request: HttpRequest) -> str | None:
    """The address the request came from.

    Behind a trusted proxy it is the last one of X-Forwarded-For: the proxy wrote that itself. Everything to
    the left of it is what the client claims.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUST_PROXY else ""
    return _address(forwarded.rpartition(",")[2]) or _address(request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str | None:
    """An IP address without brackets, port and zone; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None
