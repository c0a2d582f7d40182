"""A ZIP that is written while it is read."""

from __future__ import annotations

import io
import os
import uuid
import zipfile

import pytest
from django.core.files.base import ContentFile

from processing import workspace
from processing.batches.archive import ArchiveFile, Entry, entries_of
from processing.models import Job, JobStatus
from processing.results import JobResult, StoredOutput

CONTENTS = {"größe 照片 🦦.jpg": b"x" * 700_000, "empty.bin": b"", "b.jpg": os.urandom(600_000)}


@pytest.fixture
def entries() -> list[Entry]:
    job_id = uuid.uuid4()
    keys = [
        workspace.save_input(job_id, f"{number}", ContentFile(c))
        for number, c in enumerate(CONTENTS.values())
    ]
    return [
        Entry(index, name, key, len(content))
        for index, ((name, content), key) in enumerate(zip(CONTENTS.items(), keys, strict=True))
    ]


def read_in(file: ArchiveFile, size: int) -> bytes:
    parts = []
    while part := file.read(size):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("size", [1000, 2**20, 2**30])
def test_it_is_whole_and_as_long_as_it_said(entries: list[Entry], size: int) -> None:
    file = ArchiveFile(entries)
    said = file.seek(0, os.SEEK_END)
    file.seek(0)
    content = read_in(file, size)
    assert len(content) == said
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == CONTENTS


def test_no_more_is_read_than_is_asked_for(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = workspace.open_file

    def open_file(key: str) -> object:
        opened.append(key)
        return real(key)

    monkeypatch.setattr(workspace, "open_file", open_file)
    file = ArchiveFile(entries)
    assert opened == []
    file.read(1000)
    assert opened == [entries[0].key]


def test_a_client_that_goes_leaves_no_file_open(
    entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = workspace.open_file

    def open_file(key: str) -> object:
        opened.append(real(key))
        return opened[-1]

    monkeypatch.setattr(workspace, "open_file", open_file)
    file = ArchiveFile(entries)
    file.read(1000)
    file.close()
    assert [each.closed for each in opened] == [True]


def test_a_file_that_became_shorter_breaks_the_answer_off(entries: list[Entry]) -> None:
    longer = Entry(0, "a.jpg", entries[0].key, entries[0].bytes + 1)
    with pytest.raises(RuntimeError):
        read_in(ArchiveFile([longer]), 2**20)


def test_names_are_told_apart_where_upper_and_lower_case_are_the_same() -> None:
    names = ["a.jpg", "A.jpg", "a_1.jpg", "a.jpg", "no extension", "no extension"]
    members = [Job(status=JobStatus.COMPLETED, result=result_of(name)) for name in names]
    found = [entry.name for entry in entries_of(members)]
    assert found == ["a.jpg", "A_1.jpg", "a_1_1.jpg", "a_2.jpg", "no extension", "no extension_1"]


def test_the_place_counts_those_that_failed() -> None:
    members = [Job(status=JobStatus.FAILED), Job(status=JobStatus.COMPLETED, result=result_of("b.jpg"))]
    assert [entry.index for entry in entries_of(members)] == [1]


def result_of(name: str) -> object:
    output = StoredOutput(name=name, key=name, mime_type="image/jpeg", bytes=1)
    return JobResult(outputs=[output]).wire()
