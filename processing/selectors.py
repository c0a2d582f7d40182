"""Reading jobs. Every selector takes the user it reads for; with an API key the user carries its scope."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import has_permission
from processing.models import Job
from snapotter.common.errors import NotFound


def own_jobs(*, user: User) -> QuerySet[Job]:
    return Job.objects.filter(user=user)


def visible_jobs(*, user: User) -> QuerySet[Job]:
    """The own ones; all for whoever holds `files:all`."""
    return Job.objects.all() if has_permission(user, "files:all") else own_jobs(user=user)


def job_for(*, user: User, job_id: UUID) -> Job:
    """One visible job. Raises NotFound: somebody else's is as absent as one that never was."""
    job = visible_jobs(user=user).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job")
    return job
