"""The ASGI entrance for gunicorn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from io import BytesIO
from typing import IO, Any, cast

from django import setup
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.db import connections
from django.http import HttpResponseBase
from django.urls import set_script_prefix

from snapotter import body_limit
from snapotter.body_limit import BodyRefused, Receive, Scope, Send
from snapotter.common.errors import StorageFull, is_storage_full


class ThreadedHandler(ASGIHandler):
    """Runs a request from its start signal to its finish signal in one thread of a pool.

    Django's own handler hops between loop and thread for every signal and middleware, and starts a thread for
    each request. Only the body of a streamed answer belongs to the loop, which iterates it and gives up when
    the client goes. An async view still works: it is run to its response.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(settings.REQUEST_THREADS, thread_name_prefix="request")
        self._disk = body_limit.Disk()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"this is an HTTP application, not one for {scope['type']}")
        try:
            body = await self._read_body(scope, receive)
        except RequestAborted:
            return
        except BodyRefused as refused:
            scope, body = {**scope, body_limit.UNREAD: refused.error}, BytesIO()
        response = await self._in_thread(self._respond, scope, body)
        if response.streaming:
            await self._stream(response, receive, send)
        else:
            await self.send_response(response, send)
        if body_limit.UNREAD in scope:
            await body_limit.linger(receive)

    async def _read_body(self, scope: Scope, receive: Receive) -> IO[bytes]:
        """The whole body, on disk when it is large. Raises BodyRefused, RequestAborted."""
        limit, size = body_limit.limit_for(scope), body_limit.declared_length(scope)
        if limit is not None:
            if size > limit:
                raise body_limit.too_large(scope)
            receive = body_limit.counted(receive, limit, scope)
        if not body_limit.announces_much(scope):
            return await self._spool(receive)
        if not await self._in_thread(self._is_welcome, scope):
            raise BodyRefused
        with self._disk.room_for(size):
            return await self._spool(receive)

    async def _spool(self, receive: Receive) -> IO[bytes]:
        try:
            body: IO[bytes] = await self.read_body(receive)
        except OSError as error:
            if is_storage_full(error):
                raise BodyRefused(StorageFull()) from error
            raise
        return body

    def _is_welcome(self, scope: Scope) -> bool:
        from accounts.senders import may_send  # not before Django is set up

        request, _ = self.create_request(scope, BytesIO())
        return request is not None and may_send(
            request, many_files=body_limit.takes_many_files(scope["path"])
        )

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        """In a copy of the context, so that what a request leaves in it ends with the request."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, copy_context().run, function, *arguments)

    def _respond(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        with body:
            set_script_prefix(get_script_prefix(scope))
            request_started.send(sender=type(self), scope=scope)
            request, error = self.create_request(scope, body)
            # exactly one of the two is there: the request, or the answer to one that cannot be read
            response: Any = error if request is None else self.get_response(request)
            response._handler_class = type(self)  # the sender of request_finished
            if body_limit.UNREAD in scope:
                response["Connection"] = "close"  # the rest of the body is not read
            if response.streaming:
                connections.close_all()  # back to the pool, however long the client takes
            else:
                response.close()
            return cast(HttpResponseBase, response)

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            ends = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._in_thread(response.close)
        _raise_unexpected(ends)


def _raise_unexpected(ends: Iterable[object]) -> None:
    for end in ends:
        if isinstance(end, Exception) and not isinstance(end, RequestAborted):
            raise end


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapotter.settings")
setup(set_prefix=False)
application = ThreadedHandler()
