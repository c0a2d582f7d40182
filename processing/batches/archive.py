"""The results of a batch as one ZIP, written while it is sent: neither memory nor disk holds it.

Entries are stored as they are, since pictures are compressed already; so the size is known beforehand.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from zipstream import ZipStream

from processing import workspace
from processing.engine.names import numbered
from processing.models import BATCH, PIPELINE, Job, JobStatus
from processing.results import JobResult, StoredOutput

MIME_TYPE: Final = "application/zip"
_CHUNK: Final = 2**18


@dataclass(frozen=True)
class Entry:
    """One result; `index` is the place of its file in the upload, from 0."""

    index: int
    name: str
    key: str
    bytes: int


def entries_of(members: Iterable[Job]) -> list[Entry]:
    """All results of members that are given in the order of the upload. No two names are the same, also
    where upper and lower case are."""
    taken: set[str] = set()
    return [
        Entry(index, _unique(output.name, taken), output.key, output.bytes)
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
    settings, number = batch.settings, str(batch.pk)[:8]
    name = (
        f"{PIPELINE}-{BATCH}-{number}.zip"
        if "steps" in settings
        else f"{BATCH}-{settings['toolId']}-{number}.zip"
    )
    return StoredOutput(name=name, key="", mime_type=MIME_TYPE, bytes=len(_stream(entries)))


def _stream(entries: Iterable[Entry]) -> ZipStream:
    stream = ZipStream(sized=True)
    for entry in entries:
        stream.add(_content(entry.key), entry.name, size=entry.bytes)
    return stream


def _content(key: str) -> Iterator[bytes]:
    with workspace.open_file(key) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class ArchiveFile:
    """The ZIP as a file to read once from its beginning. `close` may be called from any thread."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        stream = _stream(entries)
        self._size = len(stream)
        self._chunks = iter(stream)
        self._buffer = bytearray()
        self._lock = threading.Lock()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Nothing but a question for the size, or for the beginning before anything was read."""
        return self._size if whence == os.SEEK_END else 0

    def read(self, size: int) -> bytes:
        with self._lock:
            while len(self._buffer) < size and (chunk := next(self._chunks, b"")):
                self._buffer += chunk
            content = bytes(self._buffer[:size])
            del self._buffer[:size]
            return content

    def __enter__(self) -> ArchiveFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._chunks.close()
