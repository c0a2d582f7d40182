"""Files to the caller: in chunks, with ranges, validators and names in any script.

RFC 9110 sections 13 (conditional requests) and 14 (ranges), RFC 6266 (Content-Disposition).
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import IO
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import parse_etags

CHUNK = 2**20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class Unsatisfiable(Exception):
    """The range lies outside the file."""


def file_response(
    request: HttpRequest, file: IO[bytes], *, size: int, name: str, content_type: str, etag: str
) -> HttpResponseBase:
    """Answer with an open binary file of `size` bytes, which is closed with the response.

    `etag` is the unquoted strong validator. The content is always an attachment: what people upload is never
    shown inline from our origin. Ranges: a single one is answered 206, an unsatisfiable one 416, several or
    malformed ones with the whole file, as the RFC allows.
    """
    quoted = f'"{etag}"'
    if quoted in parse_etags(request.headers.get("If-None-Match", "")):
        file.close()
        return _with_headers(HttpResponse(status=304), quoted, name)
    try:
        wanted = _wanted_range(request, quoted, size)
    except Unsatisfiable:
        file.close()
        refusal = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        return _with_headers(refusal, quoted, name)
    start, stop = wanted or (0, size)
    response = _body(request, file, start, stop - start)
    if wanted:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response["Content-Length"] = str(stop - start)
    response["Content-Type"] = content_type
    return _with_headers(response, quoted, name)


def made_response(request: HttpRequest, file: IO[bytes], *, name: str, content_type: str) -> HttpResponseBase:
    """Answer with a file that was made for this request alone, which is closed with the response.

    It is sent whole and kept nowhere: a range of it would be one of another file the next time.
    """
    size = file.seek(0, os.SEEK_END)
    response = _attachment(_body(request, file, 0, size), name)
    response["Accept-Ranges"] = "none"
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(size)
    response["Content-Type"] = content_type
    return response


def _wanted_range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """The half-open byte range asked for, None for the whole file. Raises Unsatisfiable."""
    if request.headers.get("If-Range", etag) != etag:
        return None
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last n bytes
        length = min(int(last[:20]), size)
        start, stop = size - length, size
    else:
        start = int(first[:20])
        stop = min(int(last[:20]) + 1, size) if last else size
        if last and int(last[:20]) < start:
            return None
    if start >= stop:
        raise Unsatisfiable
    return start, stop


def _body(request: HttpRequest, file: IO[bytes], start: int, length: int) -> HttpResponseBase:
    if request.method == "HEAD":
        file.close()
        return HttpResponse()
    if length <= CHUNK:  # most results: one read here is cheaper than a thread hop for each chunk
        with file:
            file.seek(start)
            return HttpResponse(file.read(length))
    response = StreamingHttpResponse(_chunks(file, start, length))
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]  # also when nobody iterates
    return response


async def _chunks(file: IO[bytes], start: int, length: int) -> AsyncIterator[bytes]:
    """`length` bytes from `start`; reads happen in a worker thread so that the event loop goes on."""
    read = sync_to_async(file.read, thread_sensitive=False)
    file.seek(start)
    while length > 0:
        chunk = await read(min(CHUNK, length))
        if not chunk:
            raise OSError("the file became shorter while it was sent")
        length -= len(chunk)
        yield chunk


def _with_headers(response: HttpResponseBase, etag: str, name: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=3600"
    return _attachment(response, name)


def _attachment(response: HttpResponseBase, name: str) -> HttpResponseBase:
    encoded = quote(name, safe="")
    response["Content-Disposition"] = f"attachment; filename=\"{encoded}\"; filename*=UTF-8''{encoded}"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    response["X-Accel-Buffering"] = "no"
    return response
