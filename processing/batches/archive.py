"""The results of a batch as one ZIP, made while it is sent: neither memory nor disk holds it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, cast

from processing import workspace
from processing.batches.stored_zip import StoredFile, StoredZip, checksum
from processing.engine.names import numbered
from processing.models import BATCH, PIPELINE, Job, JobStatus
from processing.results import JobResult, StoredOutput

MIME_TYPE: Final = "application/zip"


@dataclass(frozen=True)
class Entry:
    """One result, and its name in the ZIP; `index` is the place of its file in the upload, from 0."""

    index: int
    name: str
    output: StoredOutput
    completed_at: datetime


def entries_of(members: Iterable[Job]) -> list[Entry]:
    """All results of members that are given in the order of the upload. No two names are the same, also
    where upper and lower case are."""
    taken: set[str] = set()
    return [
        Entry(index, _unique(output.name, taken), output, cast(datetime, member.completed_at))
        for index, member in enumerate(members)
        if member.status == JobStatus.COMPLETED
        for output in JobResult.load(member.result).outputs
    ]


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 0
    while unique.casefold() in taken:
        number += 1
        unique = numbered(name, number)
    taken.add(unique.casefold())
    return unique


def archive_of(batch: Job, entries: Iterable[Entry]) -> StoredOutput:
    """The ZIP as the batch's result names it. It has no storage key: it is made when it is asked for."""
    files = [_stored(entry, crc32=0) for entry in entries]  # which does not change the size
    return StoredOutput(name=archive_name(batch), key="", mime_type=MIME_TYPE, bytes=StoredZip(files).size)


def archive_name(batch: Job) -> str:
    number = str(batch.pk)[:8]
    if batch.is_pipeline:
        return f"{PIPELINE}-{BATCH}-{number}.zip"
    return f"{BATCH}-{batch.steps[0]['toolId']}-{number}.zip"


def open_archive(entries: Iterable[Entry]) -> io.BufferedReader:
    """The ZIP, to read from anywhere; `close` may be called from any thread."""
    return io.BufferedReader(StoredZip(_stored(entry, crc32=_checksum(entry)) for entry in entries))


def _stored(entry: Entry, *, crc32: int) -> StoredFile:
    output = entry.output
    return StoredFile(
        entry.name, output.bytes, crc32, entry.completed_at, partial(workspace.open_file, output.key)
    )


def _checksum(entry: Entry) -> int:
    """As noted when the result was published; of those of earlier versions by reading it."""
    if entry.output.crc32 is not None:
        return entry.output.crc32
    with workspace.open_file(entry.output.key) as file:
        return checksum(file)
