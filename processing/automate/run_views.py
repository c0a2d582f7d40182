"""The pages that run a saved pipeline on pictures, and that run again what ran before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.caller import user_of
from accounts.models import User
from accounts.permissions import has_permission
from accounts.views import signed_in
from processing import runs
from processing.adapters.words import find_tool
from processing.automate.draft import Draft
from processing.automate.judgement import judge
from processing.automate.runnable import Runnable
from processing.limits import admit_batch
from processing.models import Job
from processing.pipelines.definition import read_definition
from processing.pipelines.selectors import pipeline_for
from processing.pipelines.services import OWN
from processing.results import error_of, message_of, reason_of
from processing.selectors import job_for
from processing.tooling import SourceImage
from processing.uploads import accept_one, counted, uploads_of
from processing.work import PipelineWork
from snapotter.common.errors import NotFound, SnapOtterError
from snapotter.common.htmx import go, is_partial


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(OWN)
@vary_on_headers("HX-Request")
def run(request: HttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Posted to, it runs, or tells with `do=check` what would become of the picture."""
    if not has_permission(request.user, "tools:use"):
        raise PermissionDenied
    pipeline = pipeline_for(for_user=user_of(request), pipeline_id=pipeline_id)
    return _answer(request, Runnable.of_pipeline(pipeline))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in("tools:use")
@vary_on_headers("HX-Request")
def again(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The steps of an earlier run, to run them as `run` does; of one tool its page, with the settings."""
    job = job_for(user=user_of(request), job_id=job_id)
    if job.is_pipeline:
        return _answer(request, Runnable.of_job(job))
    tool = find_tool(job.tool_id)
    if tool is None:
        raise NotFound("The tool of this run is not here any more")
    return redirect(f"{reverse('tool', args=[tool.section, tool.id])}?job={job.pk}")


def _answer(request: HttpRequest, runnable: Runnable) -> HttpResponse:
    if request.method != "POST":
        return _page(request, runnable)
    uploads = [upload for upload in uploads_of(request.FILES) if upload.size]
    if request.POST.get("do") == "check":
        return _check(request, runnable, uploads)
    return _start(request, runnable, uploads)


def _start(request: HttpRequest, runnable: Runnable, uploads: Sequence[UploadedFile[bytes]]) -> HttpResponse:
    try:
        job = _run(request, runnable, uploads)
    except SnapOtterError as error:
        return _problem_page(request, runnable, error)
    failure = None if job.is_batch else error_of(job)
    if failure is not None:
        return _problem_page(request, runnable, failure)
    return go(request, reverse("job", args=[job.pk]))


def _check(request: HttpRequest, runnable: Runnable, uploads: Sequence[UploadedFile[bytes]]) -> HttpResponse:
    """With the picture, if it is one: several are not alike."""
    try:
        source = accept_one(uploads).source if len(uploads) == 1 else None
    except SnapOtterError as error:
        return _problem_page(request, runnable, error, template="steps.html")
    return _page(request, runnable, source=source, template="steps.html")


def _run(request: HttpRequest, runnable: Runnable, uploads: Sequence[UploadedFile[bytes]]) -> Job:
    """One picture is a job, several are a batch."""
    user = user_of(request)
    if len(uploads) > 1:
        admit_batch(request)
        return runs.run_each(user=user, files=counted(uploads), work=_work(runnable, user), wait=False)
    return runs.run(user=user, accepted=accept_one(uploads), work=_work(runnable, user))


def _work(runnable: Runnable, user: User) -> PipelineWork:
    return PipelineWork.of(read_definition({"steps": runnable.steps}), user=user)


def _problem_page(
    request: HttpRequest, runnable: Runnable, error: SnapOtterError, *, template: str = "problem.html"
) -> HttpResponse:
    problem = reason_of(message_of(error))
    return _page(request, runnable, template=template, status=error.status, problem=problem)


def _page(
    request: HttpRequest,
    runnable: Runnable,
    *,
    source: SourceImage | None = None,
    template: str = "run.html",
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    """`template` is the part that htmx gets."""
    draft = Draft.saved(runnable.steps)
    try:
        can_run = judge(draft, user=user_of(request), source=source)
    except SnapOtterError as error:
        can_run, problem = False, problem or error.message
    context: dict[str, Any] = {
        "runnable": runnable,
        "draft": draft,
        "can_run": can_run,
        "may_edit": has_permission(request.user, OWN),
        "has_source": source is not None,
        "problem": problem,
        "max_bytes": int(settings.MAX_UPLOAD_SIZE_MB * 2**20),
        "max_files": settings.MAX_BATCH_SIZE,
        "max_total_bytes": int(settings.MAX_BATCH_UPLOAD_MB * 2**20),
    }
    shown = template if is_partial(request) else "run.html"
    return render(request, f"automate/{shown}", context, status=status)
