"""Small pictures of results, made when somebody first looks at them: most runs of scripts nobody looks at.

One is kept beside the outputs of its job and goes with them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Final

from processing import workspace
from processing.batches.selectors import members_of
from processing.engine.request import InputFile
from processing.lane import fast_lane
from processing.miniature import WAIT_SECONDS, miniature
from processing.models import Job, JobStatus
from processing.results import JobResult, StoredOutput
from processing.tooling import Encoding, InvalidInput
from snapotter.common.database import release_connection
from snapotter.common.errors import NotFound, Unavailable

SIDE: Final = 240
"""Pixels; it is shown at a third of it, which is sharp on a phone."""
NAME: Final = "thumbnail.webp"
MIME_TYPE: Final = "image/webp"
_ENCODING: Final = Encoding("webp", quality=70)
_making: Final = threading.Lock()
MOST_WAITING: Final = 16
"""In a process. Each of them holds a thread, of which runs need some too."""
_waiting: Final = threading.BoundedSemaphore(MOST_WAITING)


def pictured(job: Job) -> StoredOutput | None:
    """The first result that is a picture, while it is there."""
    if job.status != JobStatus.COMPLETED or job.is_expired:
        return None
    outputs = JobResult.load(job.result).outputs
    return next((output for output in outputs if output.mime_type.startswith("image/")), None)


def thumbnail(*, job: Job) -> str:
    """The storage key of a WebP that shows the result of a job, of a batch that of its first file.

    Raises NotFound when there is nothing to show, Unavailable when there was no time to make it.
    """
    if job.is_batch:
        job = members_of(job).filter(status=JobStatus.COMPLETED).first() or job
    output = pictured(job)
    if output is None:
        raise NotFound
    key = f"{job.pk}/thumbnail/{NAME}"
    return key if workspace.storage().exists(key) else _made(job, output)


def _made(job: Job, output: StoredOutput) -> str:
    """Two processes that make it at once make two of them, one of which nobody reads."""
    if not workspace.storage().exists(output.key):
        raise NotFound
    megapixels = (output.width or 0) * (output.height or 0) / 1e6
    with _turn(), fast_lane().occupied(megapixels), workspace.scratch_directory() as scratch:
        try:
            with workspace.local_path(output.key) as path:
                picture = InputFile(path, PurePosixPath(output.key).name)
                made = miniature(picture, side=SIDE, encoding=_ENCODING, directory=scratch)
        except InvalidInput:
            raise NotFound from None
        return workspace.save_thumbnail(job.pk, made, NAME)


@contextmanager
def _turn() -> Iterator[None]:
    """A page asks for fifty at once. One at a time, they never keep a run waiting for long."""
    release_connection()
    with _place(_waiting, 0), _place(_making, WAIT_SECONDS):
        yield


@contextmanager
def _place(places: threading.Lock | threading.BoundedSemaphore, seconds: float) -> Iterator[None]:
    if not places.acquire(timeout=seconds):
        raise Unavailable("The server is busy with other pictures; try again later")
    try:
        yield
    finally:
        places.release()
