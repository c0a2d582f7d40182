"""Where a job's files live: `<job>/input/<name>`, `<job>/<attempt>/<name>` and `<job>/thumbnail/…`, through a
Django storage.

Whoever runs a tool needs paths: a remote storage is copied to scratch, the file system hands out its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

_INPUT: Final = "input"


def storage() -> Storage:
    return storages["workspace"]


class MovableFile(File):  # type: ignore[type-arg]
    """A file on disk that a file system storage may take by renaming it: publishing copies no byte."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(path.open("rb"), name=path.name)

    def temporary_file_path(self) -> str:
        return str(self._path)


def save_input(job_id: UUID, name: str, content: File[bytes]) -> str:
    """Store an upload; returns its key. A file already on disk is moved, not copied."""
    return _save(input_key(job_id, name), content)


def copy_input(key: str, job_id: UUID) -> str:
    """Let one more job begin with a stored input; returns its own key. Either may be deleted without the
    other, and within a file system no byte is copied.

    Raises FileNotFoundError.
    """
    copy = input_key(job_id, PurePosixPath(key).name)
    store = storage()
    if isinstance(store, FileSystemStorage) and _link(Path(store.path(key)), Path(store.path(copy))):
        return copy
    with open_file(key) as content:
        return _save(copy, cast("File[bytes]", content))


def _link(path: Path, link: Path) -> bool:
    """False where the file system has no links, or the file is another system user's."""
    try:
        os.utime(path)  # files of no job go when they are old, and until its row is there this is one
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, link)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def input_key(job_id: UUID, name: str) -> str:
    """Where an upload of that name lies, if no other was there before."""
    return f"{job_id}/{_INPUT}/{name}"


def publish(job_id: UUID, attempt: int, path: Path, name: str) -> str:
    """Store one output under the attempt that made it: two attempts never share a file. Returns its key."""
    with MovableFile(path) as content:
        return _save(f"{job_id}/{attempt}/{name}", content)


def save_thumbnail(job_id: UUID, path: Path, name: str) -> str:
    """Store a small picture beside what attempts published. Returns its key."""
    with MovableFile(path) as content:
        return _save(f"{job_id}/thumbnail/{name}", content)


def _save(key: str, content: File[bytes]) -> str:
    return storage().save(key, content, max_length=1024)


@contextmanager
def local_path(key: str) -> Iterator[Path]:
    """A path with the content of `key`, ours to read while the context lasts."""
    store = storage()
    if isinstance(store, FileSystemStorage):
        yield Path(store.path(key))
        return
    with scratch_directory() as directory:
        path = directory / "content"
        with store.open(key) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        yield path


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """An empty directory on the workspace's own file system, gone with everything in it afterwards."""
    path = new_scratch_directory()
    try:
        yield path
    finally:
        remove_scratch_directory(path)


def new_scratch_directory() -> Path:
    root = settings.WORKSPACE_PATH / "scratch"
    root.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=root))


def remove_scratch_directory(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def open_file(key: str) -> IO[bytes]:
    """Raises FileNotFoundError when the file is gone, as after its retention."""
    return storage().open(key)


def delete_job_files(job_id: UUID) -> None:
    """Remove everything of a job; what is gone already is no error."""
    _delete(str(job_id))


def delete_results(job_id: UUID) -> None:
    """Remove what attempts made of a job that ended without a result; its input stays."""
    store = storage()
    try:
        directories, _ = store.listdir(str(job_id))
    except FileNotFoundError:
        return
    for name in directories:
        if name != _INPUT:
            _delete(f"{job_id}/{name}")


def delete_attempt(job_id: UUID, attempt: int) -> None:
    """Remove what one attempt published."""
    _delete(f"{job_id}/{attempt}")


def _delete(prefix: str) -> None:
    store = storage()
    if isinstance(store, FileSystemStorage):
        shutil.rmtree(store.path(prefix), ignore_errors=True)
        return
    _delete_tree(store, prefix)


def _delete_tree(store: Storage, prefix: str) -> None:
    directories, files = store.listdir(prefix)
    for name in files:
        store.delete(f"{prefix}/{name}")
    for name in directories:
        _delete_tree(store, f"{prefix}/{name}")
    store.delete(prefix)  # an empty directory, where the storage has such a thing
