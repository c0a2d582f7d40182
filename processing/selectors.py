"""Reading jobs. Every selector takes the user it reads for; with an API key the user carries its scope."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import has_permission
from processing.job_names import is_job_name
from processing.models import Job, JobStatus
from snapotter.common.errors import NotFound
from snapotter.common.ids import parse_uuid


def own_jobs(*, user: User) -> QuerySet[Job]:
    """None for whoever may not use tools (any more, or with this API key): jobs are what tools made."""
    return Job.objects.filter(user=user) if has_permission(user, "tools:use") else Job.objects.none()


def visible_jobs(*, user: User) -> QuerySet[Job]:
    """The own ones; all for whoever holds `files:all`."""
    return Job.objects.all() if has_permission(user, "files:all") else own_jobs(user=user)


def listed(*, jobs: QuerySet[Job], start: int = 0, stop: int) -> QuerySet[Job]:
    """Jobs `start` to `stop` of a list, the newest first.

    Which those are an index tells alone, however many come before or do not match; only theirs are the rows
    that are read. For that it must be told by state, type and time, and be without members of batches.
    """
    shown = jobs.order_by("-created_at", "pk").values("pk")[start:stop]
    return Job.objects.filter(pk__in=shown).order_by("-created_at", "pk")


def unfinished_job(*, user: User, tool_id: str) -> Job | None:
    """The newest of the own jobs of a tool that has not ended, be it a single one or a batch."""
    unfinished = own_jobs(user=user).filter(status__in=(JobStatus.QUEUED, JobStatus.PROCESSING))
    return unfinished.filter(tool_id=tool_id, parent=None).order_by("-created_at").first()


def is_completed(*, job: Job) -> bool:
    """Whether this very attempt was published."""
    return Job.objects.filter(pk=job.pk, status=JobStatus.COMPLETED, attempts=job.attempts).exists()


def job_for(*, user: User, job_id: UUID) -> Job:
    """One visible job. Raises NotFound: somebody else's is as absent as one that never was."""
    job = _visible_job(user, job_id)
    if job is None:
        raise NotFound("There is no such job")
    return job


def _visible_job(user: User, job_id: UUID | None) -> Job | None:
    return visible_jobs(user=user).filter(pk=job_id).first() if job_id else None


def job_called(*, user: User, name: str) -> Job:
    """One visible job by its id, or by the name that this very user gave it; the newest if several.

    Raises NotFound.
    """
    job = _visible_job(user, parse_uuid(name)) or _named(user, name)
    if job is None:
        raise NotFound("There is no such job")
    return job


def _named(user: User, name: str) -> Job | None:
    if not is_job_name(name):
        return None
    return own_jobs(user=user).filter(client_job_id=name).order_by("-created_at").first()


def job_followed(*, user: User, name: str) -> Job | None:
    """The job that is called so, as by `job_called`; None while there is none, as clients follow a job before
    they post it.

    Raises NotFound for somebody else's, and for what no job can be called.
    """
    try:
        return job_called(user=user, name=name)
    except NotFound:
        if _is_taken(name) or not is_job_name(name):
            raise
        return None


def _is_taken(name: str) -> bool:
    job_id = parse_uuid(name)
    return job_id is not None and Job.objects.filter(pk=job_id).exists()
