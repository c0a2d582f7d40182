"""The pages of the tools: choose one, run it, see what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.caller import user_of
from accounts.views import signed_in
from processing import catalogue
from processing.adapters.batch_outcome import outcome_of
from processing.adapters.form import SettingsForm, form_class
from processing.adapters.groups import CATEGORIES, grouped
from processing.adapters.sources import earlier_job, source_of
from processing.batches.selectors import neighbours_of
from processing.limits import admit_batch
from processing.models import Job
from processing.results import error_of, message_of, reason_of
from processing.runs import run, run_each
from processing.selectors import job_for, unfinished_job
from processing.tooling import Tool
from processing.uploads import AcceptedFile, accept_one, counted, uploads_of
from processing.work import ToolWork
from snapotter.common.errors import SnapOtterError
from snapotter.common.htmx import is_partial


@never_cache
@require_safe
@signed_in("tools:use")
def tools(request: HttpRequest) -> HttpResponse:
    """The catalogue, narrowed down by `q`; `from` is the job whose result goes into the tool."""
    query = request.GET.get("q", "").strip()[:100]
    groups = grouped(catalogue.usable_tools(user=request.user), query)
    context = {
        "groups": groups,
        "query": query,
        "found": sum(group.found for group in groups),
        "source": source_of(request.GET.dict(), user=user_of(request)),
    }
    return render(request, "tools/index.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in("tools:use")
@vary_on_headers("HX-Request")
def tool(request: HttpRequest, section: str, tool_id: str) -> HttpResponse:
    """A tool's page; posted to, it runs the tool and answers with what came out."""
    try:
        found = catalogue.get(section, tool_id, user=request.user)
    except SnapOtterError as error:
        return _refused(request, error)
    if request.method == "POST":
        return _run(request, found)
    user = user_of(request)
    form = form_class(found)(initial=_earlier_settings(request, found))
    source = source_of(request.GET.dict(), user=user)
    more = {
        "source": source,
        "needs_pictures": "job" in request.GET and source is None,
        "going_on": unfinished_job(user=user, tool_id=found.id),
    }
    return _tool_page(request, found, form, **more)


@never_cache
@require_safe
@signed_in("tools:use")
@vary_on_headers("HX-Request")
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """A run and its result; the page of a running one asks again until it is done."""
    return _job_page(request, job_for(user=user_of(request), job_id=job_id))


def _refused(request: HttpRequest, error: SnapOtterError) -> HttpResponse:
    """A whole page: htmx, which would put it into a corner of this one, is sent to fetch it."""
    if not is_partial(request):
        raise error
    return HttpResponse(status=error.status, headers={"HX-Redirect": request.path})


def _earlier_settings(request: HttpRequest, tool: Tool[Any]) -> dict[str, Any]:
    """The settings of the job named by `?job=`, to change and run again."""
    earlier = earlier_job(request.GET.get("job", ""), user=user_of(request))
    if earlier is None or earlier.tool_id != tool.id:
        return {}
    return dict(earlier.steps[0]["settings"])


def _run(request: HttpRequest, tool: Tool[Any]) -> HttpResponse:
    form = form_class(tool)(request.POST)
    uploads = uploads_of(request.FILES)
    is_batch = tool.can_be_step and len(uploads) > 1
    try:
        accepted = counted(uploads) if is_batch else accept_one(uploads)
    except SnapOtterError as error:
        return _problem_page(request, tool, form, error)
    if not form.is_valid():
        return _problem_page(request, tool, form)
    if isinstance(accepted, AcceptedFile):
        return _run_accepted(request, tool, form, accepted)
    return _run_batch(request, tool, form, accepted)


def _run_batch(
    request: HttpRequest, tool: Tool[Any], form: SettingsForm, files: Sequence[UploadedFile[bytes]]
) -> HttpResponse:
    """How far it is can be seen at once, so nobody waits for the end."""
    try:
        admit_batch(request)
        work = ToolWork(tool, form.settings)
        batch = run_each(user=user_of(request), work=work, files=files, wait=False)
    except SnapOtterError as refused:
        return _problem_page(request, tool, form, refused)
    return _job_page(request, batch) if is_partial(request) else redirect("job", batch.pk)


def _run_accepted(
    request: HttpRequest, tool: Tool[Any], form: SettingsForm, accepted: AcceptedFile
) -> HttpResponse:
    try:
        job = run(user=user_of(request), work=ToolWork(tool, form.settings), accepted=accepted)
        error: SnapOtterError | None = error_of(job)
    except SnapOtterError as refused:
        error = refused
    if error is None:
        return _job_page(request, job) if is_partial(request) else redirect("job", job.pk)
    path = getattr(error, "path", None)
    if path in form.fields:
        form.add_problem(path, str(error.details))
        return _problem_page(request, tool, form)
    return _problem_page(request, tool, form, error)


def _job_page(request: HttpRequest, job: Job) -> HttpResponse:
    """The page, or for htmx what became of the run, or the list of a batch's files alone."""
    outcome = outcome_of(job, user=user_of(request), query=request.GET.dict())
    if not is_partial(request):
        context = {"outcome": outcome, "neighbours": neighbours_of(job)}
        return render(request, "tools/job.html", context)
    only_files = job.is_batch and request.headers.get("HX-Target") == "batch-files"
    template = "batches/files.html" if only_files else "tools/outcome.html"
    response = render(request, template, {"outcome": outcome})
    response["HX-Push-Url"] = "false"
    return response


def _tool_page(request: HttpRequest, tool: Tool[Any], form: SettingsForm, **more: Any) -> HttpResponse:
    context = {
        "tool": tool,
        "form": form,
        "category": CATEGORIES[tool.category],
        "max_bytes": int(settings.MAX_UPLOAD_SIZE_MB * 2**20),
        "max_files": settings.MAX_BATCH_SIZE if tool.can_be_step else 1,
        "max_total_bytes": int(settings.MAX_BATCH_UPLOAD_MB * 2**20),
        **more,
    }
    return render(request, "tools/tool.html", context)


def _problem_page(
    request: HttpRequest, tool: Tool[Any], form: SettingsForm, error: SnapOtterError | None = None
) -> HttpResponse:
    """What went wrong, beside the field at fault if there is one; without `error` it is the settings."""
    form.is_valid()
    problem = reason_of(message_of(error)) if error else ""
    context = {"tool": tool, "form": form, "problem": problem}
    if is_partial(request):
        return render(request, "tools/problem.html", context, status=error.status if error else 400)
    response = _tool_page(request, tool, form, problem=problem)
    response.status_code = error.status if error else 400
    return response
