"""The answer that is a ZIP of a batch."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import IO, Final
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase

from processing import workspace
from processing.batches.archive import MIME_TYPE, Entry, archive_name, entries_of, open_archive
from processing.batches.selectors import members_of
from processing.models import Job
from snapotter.common.downloads import file_response, made_response
from snapotter.common.errors import NotFound, SnapOtterError

MOST_HEADER_BYTES: Final = 16 * 2**10
"""Proxies refuse answers with longer headers; `GET /api/v1/jobs/<id>` says it too, whatever the length."""
LAYOUT: Final = 1
"""One more when the same results become other bytes: who goes on with a download must hear of it."""


class ResultDamaged(SnapOtterError):
    """A result is damaged on the server; run the batch again."""

    code = "RESULT_DAMAGED"


def zip_response(request: HttpRequest, batch: Job) -> HttpResponseBase:
    """What an ended batch made. Raises NotFound when it made nothing or when that is gone, ResultDamaged."""
    members = members_of(batch).only("status", "result", "completed_at")
    entries = entries_of(members)
    if not batch.is_finished or not entries:
        raise NotFound("There is no such file")
    if batch.is_expired:
        raise NotFound("These files have expired", code="EXPIRED")
    _require_whole(entries)
    response = _answer(request, batch, open_archive(entries))
    response["X-Job-Id"] = str(batch.pk)
    results = _file_results(entries)
    if len(results) <= MOST_HEADER_BYTES:
        response["X-File-Results"] = results
    return response


def _answer(request: HttpRequest, batch: Job, file: IO[bytes]) -> HttpResponseBase:
    name = archive_name(batch)
    if request.method == "POST":  # who breaks this off goes on at the address of the ZIP
        return made_response(request, file, name=name, content_type=MIME_TYPE)
    size, etag = file.seek(0, os.SEEK_END), f"{batch.pk}-{LAYOUT}"
    return file_response(request, file, size=size, name=name, content_type=MIME_TYPE, etag=etag)


def _require_whole(entries: Sequence[Entry]) -> None:
    """Before anything is sent: the status of an answer cannot be taken back."""
    for entry in entries:
        try:
            size = workspace.storage().size(entry.output.key)
        except FileNotFoundError:
            raise NotFound("These files have expired", code="EXPIRED") from None
        if size != entry.output.bytes:
            raise ResultDamaged


def _file_results(entries: Sequence[Entry]) -> str:
    """`{"<place in the upload>": "<name in the ZIP>"}`, percent-encoded: the first result of each file."""
    names: dict[str, str] = {}
    for entry in entries:
        names.setdefault(str(entry.index), entry.name)
    return quote(json.dumps(names, separators=(",", ":"), ensure_ascii=False), safe="{}:,")
