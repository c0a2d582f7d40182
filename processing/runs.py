"""Ask for a run: the one way in for the REST API and the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from processing import events
from processing.batches.services import BatchFile, batch_create
from processing.engine.names import sanitise
from processing.lane import Place, fast_lane
from processing.models import Job
from processing.services import job_create
from processing.uploads import AcceptedFile, NewInput, accept
from processing.waiting import waiting_room
from processing.work import Work
from snapotter.common.errors import SnapOtterError


def run(*, user: User, work: Work, accepted: AcceptedFile, client_job_id: str = "", wait: bool = True) -> Job:
    """Every run of a user comes through here, whatever its entrance has checked before: here at once if it is
    soon done, in a worker otherwise. Whoever does not wait needs none of our children.

    Returns the job finished, or as it is after SYNC_WAIT_MS, or at once if too many requests wait already;
    how a failed one is answered says `results.error_of`. Raises what `require_usable` and `check` of the work
    raise, and TooManyJobs.
    """
    work.require_usable(user=user)
    work.check(accepted.source)
    place = fast_lane().enter(work.megapixels(accepted.source), user_id=user.pk) if wait else None
    if place is not None:
        create = partial(job_create, user=user, work=work, file=accepted, client_job_id=client_job_id)
        return _run_here(create, place)
    return enqueue(user=user, work=work, file=accepted, client_job_id=client_job_id, wait=wait)


def run_each(
    *,
    user: User,
    work: Work,
    files: Sequence[UploadedFile[bytes]],
    client_job_id: str = "",
    wait: bool = True,
) -> Job:
    """A batch of files that `counted` gave. What is wrong with one keeps no other from being run.

    Returns the batch ended, or as it is after SYNC_WAIT_MS. Raises what `require_usable` of the work raises.
    """
    work.require_usable(user=user)
    looked_at = [_looked_at(file, work) for file in files]
    return enqueue_each(user=user, work=work, files=looked_at, client_job_id=client_job_id, wait=wait)


def _looked_at(upload: UploadedFile[bytes], work: Work) -> BatchFile:
    try:
        accepted = accept(upload)
        work.check(accepted.source)
    except SnapOtterError as error:
        return BatchFile(sanitise(upload.name or "", fallback="image"), error=error)
    return BatchFile(accepted.name, accepted)


def _run_here(create: Callable[..., Job], place: Place) -> Job:
    try:
        job = create(job_id=uuid4(), claimed=True)
    except BaseException:
        fast_lane().leave(place)
        raise
    fast_lane().run(job, place, settings.SYNC_WAIT_MS / 1000)
    return job


def enqueue(
    *,
    user: User,
    work: Work,
    file: NewInput,
    client_job_id: str = "",
    retry_of: Job | None = None,
    wait: bool = False,
) -> Job:
    """Have a worker run what was checked. Raises TooManyJobs."""
    create = partial(
        job_create,
        user=user,
        work=work,
        file=file,
        client_job_id=client_job_id,
        retry_of=retry_of,
        claimed=False,
    )
    return _created(create, user, wait)


def enqueue_each(
    *,
    user: User,
    work: Work,
    files: Sequence[BatchFile],
    client_job_id: str = "",
    retry_of: Job | None = None,
    wait: bool = False,
) -> Job:
    """Have workers run what was checked on each file that was accepted."""
    create = partial(
        batch_create, user=user, work=work, files=files, client_job_id=client_job_id, retry_of=retry_of
    )
    return _created(create, user, wait)


def _created(create: Callable[..., Job], user: User, wait: bool) -> Job:
    """The job as it is, or at its end if somebody waits and sees that."""
    job_id = uuid4()
    with events.End(job_id).watched() as end:
        job = create(job_id=job_id)
        if not wait:
            return job
        with waiting_room.seat(user.pk) as has_seat:
            return end.wait(settings.SYNC_WAIT_MS / 1000) if has_seat else job
