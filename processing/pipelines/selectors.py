"""Reading saved pipelines."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import has_permission
from processing.models import Pipeline
from snapotter.common.errors import NotFound


def visible_pipelines(*, for_user: User) -> QuerySet[Pipeline]:
    """The own ones and those without an owner, the newest first; all for whoever holds `pipelines:all`."""
    rows = Pipeline.objects.order_by("-created_at", "pk")
    if has_permission(for_user, "pipelines:all"):
        return rows
    return rows.filter(Q(user=for_user) | Q(user=None))


def pipeline_for(*, for_user: User, pipeline_id: UUID) -> Pipeline:
    """One visible pipeline. Raises NotFound: somebody else's is as absent as one that never was."""
    pipeline = visible_pipelines(for_user=for_user).filter(pk=pipeline_id).first()
    if pipeline is None:
        raise PipelineNotFound
    return pipeline


class PipelineNotFound(NotFound):
    """The pipeline was not found"""
