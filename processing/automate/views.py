"""The list of saved pipelines, and the page that makes and changes one."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.caller import user_of
from accounts.permissions import has_permission
from accounts.views import signed_in
from processing.adapters.sources import earlier_job
from processing.automate.builder import Builder
from processing.automate.draft import Draft
from processing.automate.forms import DetailsForm
from processing.automate.judgement import definition_of, judge
from processing.models import Pipeline
from processing.pipelines.selectors import pipeline_for, visible_pipelines
from processing.pipelines.services import (
    OWN,
    PipelineChanged,
    pipeline_create,
    pipeline_delete,
    pipeline_update,
)
from snapotter.common.errors import SnapOtterError
from snapotter.common.htmx import go, is_partial

SHOWN: Final = 50
_SAVES: Final = ("save", "run", "save-copy")


@never_cache
@require_safe
@signed_in(OWN)
def pipelines(request: HttpRequest) -> HttpResponse:
    rows = visible_pipelines(for_user=user_of(request)).select_related("user")
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "items": [(pipeline, Draft.saved(pipeline.steps)) for pipeline in page],
        "may_run": has_permission(request.user, "tools:use"),
    }
    return render(request, "automate/index.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(OWN)
@vary_on_headers("HX-Request")
def new(request: HttpRequest) -> HttpResponse:
    """Empty, or with the steps of the run named by `?job=`."""
    earlier = earlier_job(request.GET.get("job", ""), user=user_of(request))
    if request.method != "POST" and earlier is not None:
        return _page(request, Builder.of_job(user_of(request), earlier))
    return _edit(request, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(OWN)
@vary_on_headers("HX-Request")
def edit(request: HttpRequest, pipeline_id: UUID) -> HttpResponse:
    return _edit(request, pipeline_for(for_user=user_of(request), pipeline_id=pipeline_id))


@require_POST
@signed_in(OWN)
def delete(request: HttpRequest, pipeline_id: UUID) -> HttpResponse:
    user = user_of(request)
    pipeline = pipeline_for(for_user=user, pipeline_id=pipeline_id)
    pipeline_delete(caller=user, pipeline_id=pipeline_id)
    messages.success(request, f"“{pipeline.name}” was deleted.")
    return redirect("automate")


def _edit(request: HttpRequest, pipeline: Pipeline | None) -> HttpResponse:
    user = user_of(request)
    if request.method != "POST":
        return _page(request, Builder.opened(user, pipeline))
    builder = Builder.posted(user, pipeline, request.POST)
    action, _, about = request.POST.get("do", "").partition(":")
    if action in _SAVES:
        return _save(request, builder, action)
    if action == "check":
        return _check(request, builder)
    if action == "summaries":
        return render(request, "automate/summaries.html", {"builder": builder})
    builder.edit(action, about)
    return _page(request, builder)


def _check(request: HttpRequest, builder: Builder) -> HttpResponse:
    try:
        possible = judge(builder.draft, user=builder.user)
    except SnapOtterError as error:
        builder.problem = error.message
        return _page(request, builder, status=error.status)
    builder.looks_faulty = not possible
    found = sum(len(step.warnings) for step in builder.draft.steps)
    if possible:
        builder.verdict = "It can run."
        builder.verdict += (
            f" {found} thing{'s' * (found != 1)} to consider, told at the steps." if found else ""
        )
    return _page(request, builder)


def _save(request: HttpRequest, builder: Builder, action: str) -> HttpResponse:
    """With whatever a check would warn of; what is not valid is not saved."""
    builder.details = DetailsForm(request.POST)
    for step in builder.draft.steps:
        step.is_checked = True
    try:
        steps = definition_of(builder.draft)
        if not builder.details.is_valid() or not all(step.is_valid for step in builder.draft.steps):
            builder.looks_faulty = bool(builder.faulty)
            builder.problem = "" if builder.faulty else "It needs a name."
            return _page(request, builder, status=400)
        saved = _write(builder, action, {**builder.details.cleaned_data, "steps": steps})
    except PipelineChanged as error:
        builder.show_newer(pipeline_for(for_user=builder.user, pipeline_id=_key(builder)))
        return _page(request, builder, status=error.status)
    except SnapOtterError as error:
        builder.problem = error.message
        return _page(request, builder, status=error.status)
    return _saved(request, saved, action)


def _key(builder: Builder) -> UUID:
    assert builder.pipeline is not None  # noqa: S101  only what is there can have been changed
    return builder.pipeline.pk


def _write(builder: Builder, action: str, values: dict[str, Any]) -> Pipeline:
    pipeline, caller = builder.pipeline, builder.user
    if pipeline is None:
        return pipeline_create(caller=caller, **values)
    if action == "save-copy":
        return pipeline_create(caller=caller, **values | {"name": _name_of_copy(pipeline, values["name"])})
    return pipeline_update(caller=caller, pipeline_id=pipeline.pk, seen=builder.seen, **values)


def _name_of_copy(pipeline: Pipeline, name: str) -> str:
    """One that was changed is meant."""
    return f"{name[:93]} (copy)" if name == pipeline.name else name


def _saved(request: HttpRequest, pipeline: Pipeline, action: str) -> HttpResponse:
    if action == "run":
        return go(request, reverse("automate-run", args=[pipeline.pk]))
    messages.success(request, f"“{pipeline.name}” was saved.")
    return go(request, reverse("automate-edit", args=[pipeline.pk]))


def _page(request: HttpRequest, builder: Builder, *, status: int = 200) -> HttpResponse:
    part = "builder.html" if is_partial(request) else "edit.html"
    context = {"builder": builder, "may_run": has_permission(request.user, "tools:use")}
    return render(request, f"automate/{part}", context, status=status)
