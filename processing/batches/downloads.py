"""The answer that is a ZIP of a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Final, cast
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase

from processing import workspace
from processing.api.answers import is_expired
from processing.batches.archive import MIME_TYPE, ArchiveFile, Entry, archive_of, entries_of
from processing.batches.ending import members_of
from processing.models import Job
from snapotter.common.downloads import made_response
from snapotter.common.errors import NotFound

MOST_HEADER_BYTES: Final = 16 * 2**10
"""Proxies refuse answers with longer headers; `GET /api/v1/jobs/<id>` says it too, whatever the length."""


def zip_response(request: HttpRequest, batch: Job) -> HttpResponseBase:
    """What an ended batch made. Raises NotFound when it made nothing, or when that is gone."""
    members = members_of(batch).only("status", "result")
    entries = entries_of(members)
    if not batch.is_finished or not entries:
        raise NotFound("There is no such file")
    if is_expired(batch) or not _are_there(entries):
        raise NotFound("These files have expired", code="EXPIRED")
    file = cast(IO[bytes], ArchiveFile(entries))
    name = archive_of(batch, entries).name
    response = made_response(request, file, name=name, content_type=MIME_TYPE)
    response["X-Job-Id"] = str(batch.pk)
    results = _file_results(entries)
    if len(results) <= MOST_HEADER_BYTES:
        response["X-File-Results"] = results
    return response


def _are_there(entries: Sequence[Entry]) -> bool:
    return all(workspace.storage().exists(entry.key) for entry in entries)


def _file_results(entries: Sequence[Entry]) -> str:
    """`{"<place in the upload>": "<name in the ZIP>"}`, percent-encoded: the first result of each file."""
    names: dict[str, str] = {}
    for entry in entries:
        names.setdefault(str(entry.index), entry.name)
    return quote(json.dumps(names, separators=(",", ":"), ensure_ascii=False), safe="{}:,")
