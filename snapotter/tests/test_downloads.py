import io
from collections.abc import AsyncIterator
from typing import IO, cast

import pytest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from snapotter.common.downloads import CHUNK, file_response, made_response

CONTENT = bytes(range(256)) * 4
LARGE = b"otter" * CHUNK


def answer(
    content: bytes = CONTENT, name: str = "a.jpg", method: str = "GET", headers: dict[str, str] | None = None
) -> HttpResponseBase:
    request = RequestFactory().generic(method, "/x", headers=headers)
    return file_response(
        request, io.BytesIO(content), size=len(content), name=name, content_type="image/jpeg", etag="abc"
    )


def body(response: HttpResponseBase) -> bytes:
    return cast(HttpResponse, response).content


def test_the_whole_file_is_an_attachment_with_a_validator() -> None:
    response = answer()
    assert (response.status_code, body(response)) == (200, CONTENT)
    assert response["ETag"] == '"abc"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    ("wanted", "content", "content_range"),
    [
        ("bytes=0-0", CONTENT[:1], "bytes 0-0/1024"),
        ("bytes=1000-", CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=1000-99999", CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", CONTENT[-24:], "bytes 1000-1023/1024"),
        ("bytes=-99999", CONTENT, "bytes 0-1023/1024"),
    ],
)
def test_a_range_is_answered_206(wanted: str, content: bytes, content_range: str) -> None:
    response = answer(headers={"Range": wanted})
    assert (response.status_code, body(response)) == (206, content)
    assert response["Content-Range"] == content_range
    assert response["Content-Length"] == str(len(content))


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000", "bytes=-0", f"bytes={10**30}-"])
def test_a_range_outside_the_file_is_answered_416(wanted: str) -> None:
    response = answer(headers={"Range": wanted})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */1024"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=٣-٤"]
)
def test_other_ranges_are_ignored_as_the_rfc_allows(wanted: str) -> None:
    assert answer(headers={"Range": wanted}).status_code == 200


def test_if_range_with_another_validator_gives_the_whole_file() -> None:
    assert answer(headers={"Range": "bytes=0-1", "If-Range": '"abc"'}).status_code == 206
    assert answer(headers={"Range": "bytes=0-1", "If-Range": '"old"'}).status_code == 200


def test_a_known_validator_is_answered_304_and_the_file_closed() -> None:
    file = io.BytesIO(CONTENT)
    request = RequestFactory().get("/x", headers={"If-None-Match": '"old", "abc"'})
    response = file_response(request, file, size=1024, name="a", content_type="image/png", etag="abc")
    assert response.status_code == 304
    assert file.closed


def test_a_head_request_has_headers_only() -> None:
    response = answer(method="HEAD")
    assert (response.status_code, body(response)) == (200, b"")
    assert response["Content-Length"] == "1024"


def test_names_in_any_script_survive() -> None:
    header = answer(name='Фото ä"\r\n.jpg')["Content-Disposition"]
    assert header.isascii()
    assert "\r" not in header
    assert "filename*=UTF-8''%D0%A4" in header


async def test_a_large_file_is_streamed_in_chunks() -> None:
    response = cast(StreamingHttpResponse, answer(LARGE, headers={"Range": f"bytes=5-{3 * CHUNK + 6}"}))
    chunks = [chunk async for chunk in cast(AsyncIterator[bytes], response)]
    assert b"".join(chunks) == LARGE[5 : 3 * CHUNK + 7]
    assert max(map(len, chunks)) <= CHUNK


async def test_a_file_that_shrinks_is_noticed() -> None:
    request = RequestFactory().get("/x")
    file: IO[bytes] = io.BytesIO(LARGE[: 2 * CHUNK])
    response = file_response(request, file, size=3 * CHUNK, name="a", content_type="image/png", etag="abc")
    with pytest.raises(OSError, match="shorter"):
        [chunk async for chunk in cast(AsyncIterator[bytes], response)]


def test_closing_an_answer_that_nobody_read_closes_the_file() -> None:
    file = io.BytesIO(LARGE)
    request = RequestFactory().get("/x")
    response = file_response(request, file, size=len(LARGE), name="a", content_type="image/png", etag="abc")
    response.close()
    assert file.closed


def test_a_file_made_for_the_request_is_sent_whole_and_kept_nowhere() -> None:
    request = RequestFactory().get("/x", headers={"Range": "bytes=0-9"})
    response = made_response(request, io.BytesIO(CONTENT), name="a.csv", content_type="text/csv")
    assert (response.status_code, body(response)) == (200, CONTENT)
    assert response["Cache-Control"] == "no-store"
    assert response["Accept-Ranges"] == "none"
    assert response["Content-Disposition"].startswith("attachment;")


async def test_a_large_file_made_for_the_request_is_streamed_and_closed() -> None:
    file = io.BytesIO(LARGE)
    made = made_response(RequestFactory().get("/x"), file, name="a", content_type="text/csv")
    response = cast(StreamingHttpResponse, made)
    chunks = [chunk async for chunk in cast(AsyncIterator[bytes], response)]
    assert b"".join(chunks) == LARGE
    assert max(map(len, chunks)) <= CHUNK
    response.close()
    assert file.closed
