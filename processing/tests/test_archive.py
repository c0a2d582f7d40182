"""What goes into the ZIP of a batch, and under which names."""

from __future__ import annotations

import zipfile
from uuid import uuid4

from django.core.files.base import ContentFile
from django.utils import timezone

from processing import workspace
from processing.batches.archive import archive_of, entries_of, open_archive
from processing.models import Job, JobStatus
from processing.results import JobResult, StoredOutput


def done(name: str, *, content: bytes = b"x", crc32: int | None = None) -> Job:
    key = workspace.save_input(uuid4(), "content", ContentFile(content))
    output = StoredOutput(name=name, key=key, mime_type="image/jpeg", bytes=len(content), crc32=crc32)
    result = JobResult(outputs=[output]).wire()
    return Job(status=JobStatus.COMPLETED, result=result, completed_at=timezone.now())


def test_names_are_told_apart_where_upper_and_lower_case_are_the_same() -> None:
    names = ["a.jpg", "A.jpg", "a_1.jpg", "a.jpg", "no extension", "no extension"]
    found = [entry.name for entry in entries_of([done(name) for name in names])]
    assert found == ["a.jpg", "A_1.jpg", "a_1_1.jpg", "a_2.jpg", "no extension", "no extension_1"]


def test_the_place_counts_those_that_failed() -> None:
    assert [entry.index for entry in entries_of([Job(status=JobStatus.FAILED), done("b.jpg")])] == [1]


def test_a_checksum_that_was_not_noted_is_read() -> None:
    entries = entries_of([done("a.jpg", content=b"otter"), done("b.jpg", crc32=0x8CDC1683)])
    archive = zipfile.ZipFile(open_archive(entries))
    assert archive.testzip() is None
    assert archive.read("a.jpg") == b"otter"


def test_its_size_is_told_before_it_is_made() -> None:
    entries = entries_of([done("a.jpg"), done("b.jpg")])
    batch = Job(settings={"toolId": "resize", "settings": {}})
    assert archive_of(batch, entries).bytes == len(open_archive(entries).read())
