"""How much of a request is read before a view sees it: an ASGI server spools a body before the view runs.

A stranger gets room for a form, a caller who presents credentials for one file of the allowed size and its
form, and for MAX_BATCH_UPLOAD_MB where many files are taken. Credentials that announce more than a form are
looked at before a byte is read (accounts.senders), and so is the disk. What is small is read without asking:
the view asks anyway, and it costs a query less.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.conf import settings

from snapotter.common.errors import SnapOtterError, StorageFull, TooLarge

FORM_BYTES = 2 * 2**20
_MANY_FILES: Final = re.compile(r"^/api/v1/.*/batch$|^/tools/|^/automate/")
_NOT_FOR_STRANGERS: Final = re.compile(r"^/api/v1/|^/tools/|^/automate/")
UNREAD: Final = "snapotter.unread"  # in the scope: the body is missing; the error to answer with, if any
COPIES: Final = 2  # of a body that lie on the disk at once: as it came, and its files
LINGER_BYTES: Final = 64 * 2**20
LINGER_SECONDS: Final = 2.0

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class BodyRefused(Exception):
    """The body is not read, or no further. Without an `error` the view says why, which it can without it."""

    def __init__(self, error: SnapOtterError | None = None) -> None:
        self.error = error
        super().__init__()


def takes_many_files(path: str) -> bool:
    return _MANY_FILES.search(path) is not None


def limit_for(scope: Scope) -> int | None:
    """Bytes a request's body may have, None for no limit."""
    if not _has_credentials(scope):
        return FORM_BYTES
    one = int(settings.MAX_UPLOAD_SIZE_MB * 2**20)
    if not takes_many_files(scope["path"]):
        return one + FORM_BYTES if one else None
    many = int(settings.MAX_BATCH_UPLOAD_MB * 2**20)
    return max(one, many) + FORM_BYTES if one and many else None


def _has_credentials(scope: Scope) -> bool:
    """Whether there are any, good or not; where nobody signs in everybody has."""
    if not settings.AUTH_ENABLED:
        return True
    headers = dict(scope["headers"])
    session = f"{settings.SESSION_COOKIE_NAME}=".encode()
    return b"authorization" in headers or session in headers.get(b"cookie", b"")


def announces_much(scope: Scope) -> bool:
    """Whether credentials stand for a body that a stranger could not send; one of undeclared length may be
    such."""
    if not _has_credentials(scope):
        return False
    return b"transfer-encoding" in dict(scope["headers"]) or declared_length(scope) > FORM_BYTES


def declared_length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def counted(receive: Receive, limit: int, scope: Scope) -> Receive:
    """`receive`, raising BodyRefused as soon as more than `limit` bytes came: a length may be undeclared."""
    total = 0

    async def receive_counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise too_large(scope)
        return message

    return receive_counted


def too_large(scope: Scope) -> BodyRefused:
    """A stranger hears so only where strangers are answered at all; elsewhere the view asks who it is."""
    if not _has_credentials(scope) and _NOT_FOR_STRANGERS.search(scope["path"]):
        return BodyRefused()
    return BodyRefused(TooLarge("The request is larger than this server accepts"))


class Disk:
    """Where bodies are spooled: what is announced and still on its way counts as used."""

    def __init__(self) -> None:
        self._announced = 0

    @contextmanager
    def room_for(self, size: int) -> Iterator[None]:
        """Raises BodyRefused when `size` bytes would fill the disk. For the event loop alone."""
        wanted = COPIES * size
        if wanted and shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < self._announced + wanted:
            raise BodyRefused(StorageFull())
        self._announced += wanted
        try:
            yield
        finally:
            self._announced -= wanted


async def linger(receive: Receive) -> None:
    """Read on for a moment after the answer, keeping nothing: whoever closes while bytes come resets the
    connection, and the client never sees the answer."""
    total = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while total < LINGER_BYTES:
                message = await receive()
                if not message.get("more_body"):
                    return
                total += len(message["body"])
