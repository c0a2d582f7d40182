"""Reading jobs. Every selector takes the user it reads for and refuses to answer without one."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.permissions import has_permission
from processing.models import Job
from snapotter.common.errors import AuthenticationRequired, NotFound


def jobs_for(*, user: object, scope: frozenset[str] | None = None, everyone: bool = False) -> QuerySet[Job]:
    """The jobs a user may see: the own ones, and with `everyone` all, for holders of `files:all`.

    `scope` is the API key's, None for a session. Raises AuthenticationRequired for anonymous users.
    """
    if not getattr(user, "is_authenticated", False):
        raise AuthenticationRequired()
    if everyone and has_permission(user, "files:all", scope):
        return Job.objects.all()
    return Job.objects.filter(user=user)


def job_for(*, user: object, job_id: UUID, scope: frozenset[str] | None = None) -> Job:
    """One job; somebody else's is as absent as one that never was.

    Raises NotFound, AuthenticationRequired.
    """
    job = jobs_for(user=user, scope=scope, everyone=True).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job")
    return job
