"""What lies in the workspace and nobody needs any more.

It is found by looking at what is there, not at what rows say is there, so that nothing is forgotten after a
crash, whoever was to remove it. A row says "expired" before its files go, as both are decided by its
`delete_after`; a run that is queued or under way is never touched, however old.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from processing import workspace, workspace_mark
from processing.job_retention import files_over
from processing.models import Job

log = logging.getLogger(__name__)

CHUNK: Final = 500
UNTOUCHED: Final = timedelta(days=1)
"""What belongs to no job may be in the making: an upload, a run. Nothing takes so long without a write."""


@dataclass
class Removed:
    """What was removed of one kind, or would be. `bytes` as far as they are known; `failed` is what should
    have gone and is still there."""

    what: str
    count: int = 0
    bytes: int = 0
    failed: int = 0


def job_files(*, dry_run: bool) -> Iterator[Removed]:
    """The files of jobs that are over, and those of no job."""
    is_ours = workspace_mark.is_ours()
    if is_ours and not dry_run:
        workspace_mark.make_ours()
    expired = Removed("expired files of jobs")
    orphaned = Removed("files without a job", failed=0 if is_ours else 1)
    for ids in _chunks(_stored_jobs()):
        known, over = _known(ids), _over(ids)
        for job_id in ids:
            if job_id in over:
                _remove_job_files(expired, job_id, bytes=over[job_id], dry_run=dry_run)
            elif job_id not in known and is_ours and _is_untouched(job_id):
                _remove_job_files(orphaned, job_id, dry_run=dry_run)
    yield expired
    yield orphaned


def scratch(*, dry_run: bool) -> Iterator[Removed]:
    """What runs left whose process was killed."""
    yield _remove_untouched("scratch directories", settings.WORKSPACE_PATH / "scratch", dry_run=dry_run)


def uploads(*, dry_run: bool) -> Iterator[Removed]:
    """What uploads left whose process was killed."""
    yield _remove_untouched("half uploads", Path(settings.FILE_UPLOAD_TEMP_DIR), dry_run=dry_run)


def _stored_jobs() -> Iterator[UUID]:
    directories, _ = workspace.storage().listdir("")
    for name in directories:
        try:
            job_id = UUID(name)
        except ValueError:
            continue
        if str(job_id) == name:
            yield job_id


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    remaining = iter(ids)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _known(ids: list[UUID]) -> set[UUID]:
    return set(Job.objects.filter(pk__in=ids).values_list("pk", flat=True))


def _over(ids: list[UUID]) -> dict[UUID, int]:
    """Those whose files may go, and how many bytes that is."""
    rows = Job.objects.filter(files_over(), pk__in=ids)
    return {pk: before + after for pk, before, after in rows.values_list("pk", "bytes_in", "bytes_out")}


def _remove_job_files(removed: Removed, job_id: UUID, *, bytes: int = 0, dry_run: bool) -> None:
    """One that cannot be removed keeps nobody from removing the others, and is tried again the next time."""
    try:
        if not dry_run:
            workspace.delete_job_files(job_id)
            if workspace.storage().exists(str(job_id)):
                raise OSError("the directory is still there")
    except Exception:
        log.exception("the files of job %s cannot be removed", job_id)
        removed.failed += 1
    else:
        removed.count += 1
        removed.bytes += bytes


def _is_untouched(job_id: UUID) -> bool:
    try:
        return _changed_at(str(job_id)) < timezone.now() - UNTOUCHED
    except FileNotFoundError:  # it is just being removed
        return False


def _changed_at(prefix: str) -> datetime:
    store = workspace.storage()
    moments = [store.get_modified_time(key) for key in _files_below(prefix)]
    return max(moments) if moments else store.get_modified_time(prefix)


def _files_below(prefix: str) -> Iterator[str]:
    directories, files = workspace.storage().listdir(prefix)
    for name in files:
        yield f"{prefix}/{name}"
    for name in directories:
        yield from _files_below(f"{prefix}/{name}")


def _remove_untouched(what: str, directory: Path, *, dry_run: bool) -> Removed:
    removed = Removed(what)
    for path in directory.iterdir() if directory.exists() else ():
        try:
            changed, size = _newest_and_size(path)
            if changed > time.time() - UNTOUCHED.total_seconds():
                continue
            if not dry_run:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:  # its owner lives
            continue
        except OSError:
            log.exception("%s cannot be removed", path)
            removed.failed += 1
        else:
            removed.count += 1
            removed.bytes += size
    return removed


def _newest_and_size(path: Path) -> tuple[float, int]:
    """The time of the last write, and the bytes, of a file or of a directory with everything in it."""
    found = [item.stat() for item in (path, *path.rglob("*"))]
    return max(status.st_mtime for status in found), sum(status.st_size for status in found)
