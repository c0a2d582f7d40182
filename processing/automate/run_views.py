"""The page that runs a saved pipeline on pictures."""

from __future__ import annotations

import json
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
from accounts.permissions import has_permission
from accounts.views import signed_in
from processing.automate.draft import Draft
from processing.automate.judgement import judge
from processing.batches.runs import run_pipeline_batch
from processing.models import BATCH, Job, Pipeline
from processing.pipelines.runs import run_pipeline
from processing.pipelines.selectors import pipeline_for
from processing.pipelines.services import OWN
from processing.results import error_of, message_of
from processing.tooling import SourceImage
from processing.uploads import accept_one
from snapotter.common.errors import SnapOtterError


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(OWN)
@vary_on_headers("HX-Request")
def run(request: HttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Posted to, it runs, or tells with `do=check` what would become of the picture."""
    if not has_permission(request.user, "tools:use"):
        raise PermissionDenied
    pipeline = pipeline_for(for_user=user_of(request), pipeline_id=pipeline_id)
    if request.method != "POST":
        return _page(request, pipeline)
    uploads = [upload for _, sent in request.FILES.lists() for upload in sent if upload.size]
    return _posted(request, pipeline, uploads)


def _posted(request: HttpRequest, pipeline: Pipeline, uploads: Sequence[UploadedFile[bytes]]) -> HttpResponse:
    if request.POST.get("do") == "check":
        return _check(request, pipeline, uploads)
    try:
        job = _run(request, pipeline, uploads)
    except SnapOtterError as error:
        return _problem_page(request, pipeline, error)
    failure = None if job.type == BATCH else error_of(job)
    if failure is not None:
        return _problem_page(request, pipeline, failure)
    address = reverse("job", args=[job.pk])
    if _is_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _check(request: HttpRequest, pipeline: Pipeline, uploads: Sequence[UploadedFile[bytes]]) -> HttpResponse:
    """With the picture, if it is one: several are not alike."""
    try:
        source = accept_one(uploads).source if len(uploads) == 1 else None
    except SnapOtterError as error:
        return _problem_page(request, pipeline, error, template="steps.html")
    return _page(request, pipeline, source=source, template="steps.html")


def _run(request: HttpRequest, pipeline: Pipeline, uploads: Sequence[UploadedFile[bytes]]) -> Job:
    """One picture is a job, several are a batch."""
    user, definition = user_of(request), json.dumps({"steps": pipeline.steps})
    if len(uploads) > 1:
        return run_pipeline_batch(user=user, uploads=uploads, definition_text=definition, wait=False)
    return run_pipeline(user=user, uploads=uploads, definition_text=definition)


def _problem_page(
    request: HttpRequest, pipeline: Pipeline, error: SnapOtterError, *, template: str = "problem.html"
) -> HttpResponse:
    return _page(request, pipeline, template=template, status=error.status, problem=message_of(error))


def _page(
    request: HttpRequest,
    pipeline: Pipeline,
    *,
    source: SourceImage | None = None,
    template: str = "run.html",
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    """`template` is the part that htmx gets."""
    draft = Draft.saved(pipeline.steps)
    try:
        can_run = judge(draft, user=user_of(request), source=source)
    except SnapOtterError as error:
        can_run, problem = False, problem or error.message
    context: dict[str, Any] = {
        "pipeline": pipeline,
        "draft": draft,
        "can_run": can_run,
        "has_source": source is not None,
        "problem": problem,
        "max_bytes": int(settings.MAX_UPLOAD_SIZE_MB * 2**20),
        "max_files": settings.MAX_BATCH_SIZE,
        "max_total_bytes": int(settings.MAX_BATCH_UPLOAD_MB * 2**20),
    }
    shown = template if _is_partial(request) else "run.html"
    return render(request, f"automate/{shown}", context, status=status)


def _is_partial(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))
