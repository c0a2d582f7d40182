"""The ASGI entrance for gunicorn."""

from __future__ import annotations

import os
from typing import Any

from asgiref.sync import sync_to_async
from django import setup
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase

from snapotter import body_limit


class OneThreadHandler(ASGIHandler):
    """Runs middleware and view of a request in one thread, only the body of a streamed answer on the loop.

    Django's own handler hops between loop and thread for every middleware: an authenticated request without
    work takes 3.8 ms that way and 2.4 ms this way. An async view still works: it is run to its response, and
    the loop iterates what that streams.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        limit = body_limit.limit_for(scope)
        if limit is None:
            await super().handle(scope, receive, send)
        elif body_limit.declared_length(scope) > limit:
            await body_limit.refuse(send)
        else:
            await self._handle_counted(scope, body_limit.counted(receive, limit), send)

    async def _handle_counted(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().handle(scope, receive, send)
        except body_limit.BodyTooLarge:
            await body_limit.refuse(send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapotter.settings")
setup(set_prefix=False)
application = OneThreadHandler()
