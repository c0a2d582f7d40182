"""How much of a request is read before anybody looked at it: an ASGI server spools a body before a view runs.

A stranger gets room for a form, a caller who presents credentials for one file of the allowed size and its
form, and for MAX_BATCH_UPLOAD_MB where many files are taken. Whether the credentials are any good is for the
view to say: they only decide how much disk is at stake.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from django.conf import settings

FORM_BYTES = 2 * 2**20
_MANY_FILES: Final = re.compile(r"^/api/v1/.*/batch$|^/tools/|^/automate/")
TOO_LARGE: Final = "snapotter.body_too_large"  # in the scope: the body is missing, answer 413

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class BodyTooLarge(Exception):
    """The client sends more than it may."""


def limit_for(scope: Scope) -> int | None:
    """Bytes a request's body may have, None for no limit."""
    headers = dict(scope["headers"])
    session = f"{settings.SESSION_COOKIE_NAME}=".encode()
    if b"authorization" not in headers and session not in headers.get(b"cookie", b""):
        return FORM_BYTES
    one = int(settings.MAX_UPLOAD_SIZE_MB * 2**20)
    if not _MANY_FILES.search(scope["path"]):
        return one + FORM_BYTES if one else None
    many = int(settings.MAX_BATCH_UPLOAD_MB * 2**20)
    return max(one, many) + FORM_BYTES if one and many else None


def declared_length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def counted(receive: Receive, limit: int) -> Receive:
    """`receive`, raising BodyTooLarge as soon as more than `limit` bytes came: a length may be undeclared."""
    total = 0

    async def receive_counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise BodyTooLarge
        return message

    return receive_counted
