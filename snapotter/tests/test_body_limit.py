"""How much of a request is read, by who asks and where."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from snapotter.body_limit import FORM_BYTES, limit_for

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
