"""A person's or a script's own jobs."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.caller import user_of
from processing.api.answers import Canceled, JobBody, JobList, batch_body, job_body
from processing.api.run_forms import accepted
from processing.api.run_schemas import ACCEPTED
from processing.limits import BATCHES_PER_MINUTE
from processing.models import JobStatus
from processing.retries import retry
from processing.selectors import job_called, listed, own_jobs
from processing.services import job_cancel
from snapotter.common.endpoint import Endpoint, ErrorBody, operation
from snapotter.common.errors import ValidationFailed
from snapotter.common.paging import Page

_FILTERS = [
    OpenApiParameter("status", str, enum=JobStatus.values, description="Only jobs in this state."),
    OpenApiParameter("type", str, description="Only jobs of this tool id, `pipeline` or `batch`."),
    *Page.PARAMETERS,
]
_NAME = OpenApiParameter(
    "job_id", str, "path", description="The job's id, or the caller's own `clientJobId`."
)


class Jobs(Endpoint):
    @operation(
        access="tools:use",
        answers=JobList,
        tags=["jobs"],
        summary="Own history, newest first",
        parameters=_FILTERS,
    )
    def get(self, request: Request) -> JobList:
        jobs = own_jobs(user=user_of(request)).filter(parent=None)
        if status := request.query_params.get("status"):
            if status not in JobStatus.values:
                raise ValidationFailed("status must be one of " + ", ".join(JobStatus.values))
            jobs = jobs.filter(status=status)
        if kind := request.query_params.get("type"):
            jobs = jobs.none() if "\0" in kind else jobs.filter(type=kind)
        page = Page.of(request.query_params)
        shown = listed(jobs=jobs, start=page.start, stop=page.stop)
        bodies = [job_body(job) for job in shown]
        return JobList(jobs=bodies, total=jobs.count(), page=page.number, limit=page.limit)


class JobDetail(Endpoint):
    @operation(
        access="tools:use",
        answers=JobBody,
        tags=["jobs"],
        summary="One job",
        description="`batch` tells of the files of a batch, in pages.",
        parameters=[_NAME, *Page.PARAMETERS],
    )
    def get(self, request: Request, job_id: str) -> JobBody:
        job = job_called(user=user_of(request), name=job_id)
        body = job_body(job)
        if not job.is_batch:
            return body
        return body.model_copy(update={"batch": batch_body(job, Page.of(request.query_params))})


class JobCancel(Endpoint):
    @operation(
        access="tools:use",
        answers=Canceled,
        tags=["jobs"],
        summary="Cancel a job",
        description="A queued job never starts, a running one is stopped and what it made is removed. "
        "`canceled` is false for a job that has ended.",
        per_minute=300,
        parameters=[_NAME],
    )
    def post(self, request: Request, job_id: str) -> Canceled:
        caller = user_of(request)
        return Canceled(canceled=job_cancel(caller=caller, job=job_called(user=caller, name=job_id)))


class JobRetry(Endpoint):
    @operation(
        access="tools:use",
        tags=["jobs"],
        summary="Run again what failed or was canceled",
        description="A new job with the same settings; of a batch a new batch of what was not done."
        " Inputs are kept as long as results. 409 `NOT_ENDED`, 409 `NOTHING_TO_RETRY`, and 410 `EXPIRED` when"
        " the files are gone. Files that were refused when they were sent are refused again.",
        parameters=[_NAME],
        per_minute=BATCHES_PER_MINUTE,
        responses={202: ACCEPTED, "default": ErrorBody},
    )
    def post(self, request: Request, job_id: str) -> Response:
        user = user_of(request)
        return accepted(retry(user=user, job=job_called(user=user, name=job_id)))
