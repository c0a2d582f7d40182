"""A person's or a script's own jobs."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.caller import user_of
from processing.api.answers import JobBody, JobList, job_body
from processing.models import JobStatus
from processing.selectors import job_for, own_jobs
from snapotter.common.endpoint import Endpoint, operation
from snapotter.common.errors import ValidationFailed
from snapotter.common.paging import Page

_FILTERS = [
    OpenApiParameter("status", str, enum=JobStatus.values, description="Only jobs in this state."),
    OpenApiParameter("type", str, description="Only jobs of this tool id, `pipeline` or `batch`."),
    *Page.PARAMETERS,
]


class Jobs(Endpoint):
    @operation(
        access="tools:use",
        answers=JobList,
        tags=["jobs"],
        summary="Own history, newest first",
        parameters=_FILTERS,
    )
    def get(self, request: Request) -> JobList:
        jobs = own_jobs(user=user_of(request)).filter(parent=None).order_by("-created_at", "pk")
        if status := request.query_params.get("status"):
            if status not in JobStatus.values:
                raise ValidationFailed("status must be one of " + ", ".join(JobStatus.values))
            jobs = jobs.filter(status=status)
        if kind := request.query_params.get("type"):
            jobs = jobs.filter(type=kind)
        page = Page.of(request.query_params)
        rows, total = page.cut(jobs)
        return JobList(jobs=[job_body(job) for job in rows], total=total, page=page.number, limit=page.limit)


class JobDetail(Endpoint):
    @operation(
        access="tools:use",
        answers=JobBody,
        tags=["jobs"],
        summary="One job",
        parameters=[OpenApiParameter("job_id", OpenApiTypes.UUID, "path")],
    )
    def get(self, request: Request, job_id: UUID) -> JobBody:
        return job_body(job_for(user=user_of(request), job_id=job_id))
