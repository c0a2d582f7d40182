"""What jobs keep, on disk or where only Django's storage API reaches."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from processing import workspace

BACKENDS = ("FileSystemStorage", "InMemoryStorage")
on_disk = pytest.mark.parametrize("place", BACKENDS[:1], indirect=True)


@pytest.fixture(params=BACKENDS, autouse=True)
def place(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> None:
    options = {"location": tmp_path} if request.param == "FileSystemStorage" else {}
    backend = {"BACKEND": f"django.core.files.storage.{request.param}", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"workspace": backend}


@pytest.fixture
def key() -> str:
    return workspace.save_input(uuid.uuid4(), "größe 🦦.jpg", ContentFile(b"bytes"))


def content(key: str) -> bytes:
    with workspace.open_file(key) as file:
        return file.read()


def test_a_copy_of_an_input_outlives_it(key: str) -> None:
    copy = workspace.copy_input(key, uuid.uuid4())
    assert copy.split("/")[1:] == key.split("/")[1:]
    workspace.delete_job_files(uuid.UUID(key.split("/")[0]))
    assert not workspace.storage().exists(key)
    assert content(copy) == b"bytes"


def test_what_is_gone_cannot_be_copied(key: str) -> None:
    workspace.delete_job_files(uuid.UUID(key.split("/")[0]))
    with pytest.raises(FileNotFoundError):
        workspace.copy_input(key, uuid.uuid4())


@on_disk
def test_no_byte_is_copied_within_a_file_system(key: str, tmp_path: Path) -> None:
    copy = workspace.copy_input(key, uuid.uuid4())
    assert (tmp_path / copy).samefile(tmp_path / key)


@on_disk
def test_a_copy_is_as_young_as_an_upload(key: str, tmp_path: Path) -> None:
    os.utime(tmp_path / key, (1, 1))
    copy = workspace.copy_input(key, uuid.uuid4())
    assert (tmp_path / copy).stat().st_mtime > 1  # else it is taken for what a crash left


@on_disk
@pytest.mark.parametrize("refused", ["link", "utime"])
def test_a_file_system_without_links_gets_a_copy_and_so_does_a_file_of_another_system_user(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, refused, refuse)
    copy = workspace.copy_input(key, uuid.uuid4())
    assert content(copy) == b"bytes"
    assert not (tmp_path / copy).samefile(tmp_path / key)


def test_results_go_and_the_input_stays(key: str) -> None:
    job_id = key.split("/")[0]
    made = [f"{job_id}/1/a.jpg", f"{job_id}/2/a.jpg", f"{job_id}/thumbnail/a.webp"]
    for each in made:
        workspace.storage().save(each, ContentFile(b"made"))
    workspace.delete_results(uuid.UUID(job_id))
    assert content(key) == b"bytes"
    assert not any(workspace.storage().exists(each) for each in made)


def test_a_job_without_files_has_no_results_to_remove() -> None:
    workspace.delete_results(uuid.uuid4())
