"""How much of a request is read, by who asks and where."""

from __future__ import annotations

import asyncio
import shutil
from errno import EIO, ENOSPC
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from snapotter import body_limit
from snapotter.api.middleware import ExpectedErrorsMiddleware
from snapotter.asgi import ThreadedHandler
from snapotter.body_limit import FORM_BYTES, BodyRefused, Disk, announces_much, limit_for, linger, too_large
from snapotter.common.errors import StorageFull

MEGABYTE = 2**20
BEARER = [(b"authorization", b"Bearer anything")]


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.MAX_UPLOAD_SIZE_MB, settings.MAX_BATCH_UPLOAD_MB = 10, 300


@pytest.mark.parametrize(
    "path",
    ["/api/v1/tools/image/resize/batch", "/api/v1/pipeline/batch", "/tools/image/crop", "/automate/1/run"],
)
def test_many_files_are_let_through_where_they_are_taken(path: str) -> None:
    assert limit_for({"path": path, "headers": BEARER}) == 300 * MEGABYTE + FORM_BYTES


@pytest.mark.parametrize(
    "path", ["/api/v1/tools/image/resize", "/api/v1/settings", "/login", "/batch", "/x/tools/"]
)
def test_one_file_is_elsewhere(path: str) -> None:
    assert limit_for({"path": path, "headers": BEARER}) == 10 * MEGABYTE + FORM_BYTES


def test_strangers_get_room_for_a_form_there_too() -> None:
    assert limit_for({"path": "/api/v1/pipeline/batch", "headers": []}) == FORM_BYTES


def test_a_batch_may_be_as_large_as_one_file(settings: Settings) -> None:
    settings.MAX_BATCH_UPLOAD_MB = 1
    assert limit_for({"path": "/api/v1/pipeline/batch", "headers": BEARER}) == 10 * MEGABYTE + FORM_BYTES


@pytest.mark.parametrize("name", ["MAX_UPLOAD_SIZE_MB", "MAX_BATCH_UPLOAD_MB"])
def test_0_is_no_limit(settings: Settings, name: str) -> None:
    setattr(settings, name, 0)
    assert limit_for({"path": "/api/v1/pipeline/batch", "headers": BEARER}) is None


def test_where_nobody_signs_in_everybody_gets_room_for_a_file(settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    assert limit_for({"path": "/api/v1/tools/image/resize", "headers": []}) == 10 * MEGABYTE + FORM_BYTES


@pytest.mark.parametrize(
    ("headers", "much"),
    [
        ([(b"content-length", b"999999999")], False),
        ([*BEARER, (b"content-length", b"%d" % FORM_BYTES)], False),
        ([*BEARER, (b"content-length", b"%d" % (FORM_BYTES + 1))], True),
        ([*BEARER, (b"transfer-encoding", b"chunked")], True),
        (BEARER, False),
    ],
)
def test_only_credentials_for_more_than_a_form_are_looked_at_before(headers: Any, much: bool) -> None:
    assert announces_much({"path": "/api/v1/pipeline/batch", "headers": headers}) == much


@pytest.mark.parametrize(
    ("path", "headers", "told"),
    [
        ("/api/v1/pipeline/batch", [], None),
        ("/tools/image/resize", [], None),
        ("/api/auth/login", [], "UPLOAD_TOO_LARGE"),
        ("/login", [], "UPLOAD_TOO_LARGE"),
        ("/api/v1/pipeline/batch", BEARER, "UPLOAD_TOO_LARGE"),
    ],
)
def test_a_stranger_is_asked_to_sign_in_rather_than_to_send_less(
    path: str, headers: Any, told: str | None
) -> None:
    error = too_large({"path": path, "headers": headers}).error
    assert (error.code if error else None) == told


class TestDisk:
    @pytest.fixture(autouse=True)
    def free(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """100 bytes, which is fifty with the copy that reading the form makes."""
        usage = SimpleNamespace(free=100)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)

    def test_what_fits_is_taken_and_what_does_not_is_refused(self) -> None:
        disk = Disk()
        with disk.room_for(50):
            pass
        with pytest.raises(BodyRefused) as refused, disk.room_for(51):
            pass
        assert isinstance(refused.value.error, StorageFull)

    def test_what_is_on_its_way_counts(self) -> None:
        disk = Disk()
        with disk.room_for(30):
            with pytest.raises(BodyRefused), disk.room_for(30):
                pass
            with disk.room_for(20):
                pass
        with disk.room_for(50):
            pass

    def test_what_fails_on_its_way_counts_no_longer(self) -> None:
        disk = Disk()
        with pytest.raises(ZeroDivisionError), disk.room_for(50):
            raise ZeroDivisionError
        with disk.room_for(50):
            pass


class TestSpool:
    @pytest.fixture
    def handler(self, monkeypatch: pytest.MonkeyPatch) -> ThreadedHandler:
        handler = ThreadedHandler()

        async def read_body(receive: Any) -> None:
            await receive()

        monkeypatch.setattr(handler, "read_body", read_body)
        return handler

    @pytest.mark.parametrize(("number", "error"), [(ENOSPC, BodyRefused), (EIO, OSError)])
    async def test_a_disk_that_becomes_full_is_told(
        self, handler: ThreadedHandler, number: int, error: type[Exception]
    ) -> None:
        async def receive() -> Any:
            raise OSError(number, "of a write")

        with pytest.raises(error):
            await handler._spool(receive)

    @pytest.mark.parametrize("path", ["/tools/image/resize", "/api/v1/pipeline/batch"])
    def test_so_is_one_that_becomes_full_in_a_view(self, path: str) -> None:
        middleware = ExpectedErrorsMiddleware(lambda request: HttpResponse())
        answer = middleware.process_exception(RequestFactory().post(path), OSError(ENOSPC, "of a write"))
        assert answer is not None
        assert answer.status_code == 507
        assert b"disk is full" in answer.content


class TestLinger:
    async def test_it_reads_to_the_end(self) -> None:
        part: dict[str, Any] = {"more_body": True, "body": b"x"}
        messages = [part, part, {"body": b"x"}]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        await linger(receive)
        assert messages == []

    async def test_it_gives_up_on_what_has_no_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(body_limit, "LINGER_BYTES", 10)
        sizes: list[int] = []

        async def receive() -> dict[str, Any]:
            sizes.append(4)
            return {"more_body": True, "body": b"xxxx"}

        await linger(receive)
        assert sum(sizes) == 12

    async def test_it_gives_up_on_who_sends_nothing_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(body_limit, "LINGER_SECONDS", 0.01)

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3600)
            return {}

        await linger(receive)
