"""The history: what ran, runs or waits, one's own or, for whoever may see all files, everybody's."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.caller import user_of
from accounts.permissions import has_permission
from accounts.views import signed_in
from processing import services, workspace
from processing.adapters.words import find_tool
from processing.catalogue import usable_tools
from processing.history.items import Item, items_of
from processing.history.query import STATES, HistoryQuery, Position
from processing.history.thumbnails import MIME_TYPE, NAME, thumbnail
from processing.limits import admit_batch
from processing.retries import retry
from processing.selectors import job_for, visible_jobs
from snapotter.common.downloads import file_response
from snapotter.common.errors import NotFound, SnapOtterError
from snapotter.common.htmx import go, is_partial
from snapotter.common.ids import parse_uuid

SHOWN: Final = 50


@never_cache
@require_safe
@signed_in("tools:use")
def history(request: HttpRequest) -> HttpResponse:
    """One page of it, newest first."""
    user = user_of(request)
    may_see_all = has_permission(user, "files:all")
    query = HistoryQuery.of(request.GET.dict(), may_see_all=may_see_all)
    jobs = list(query.jobs(user=user, most=SHOWN + 1))
    items = items_of(jobs[:SHOWN], user=user)
    context = {
        "items": items,
        "unfinished": _unfinished(items),
        "query": query,
        "states": [(state, title) for state, (title, _) in STATES.items()],
        "types": _types(request, query),
        "may_see_all": may_see_all,
        "newest": query.address(),
        "older": query.address(Position.of(jobs[SHOWN - 1])) if len(jobs) > SHOWN else "",
    }
    return render(request, "history/index.html", context)


@never_cache
@require_safe
@signed_in("tools:use")
def live(request: HttpRequest) -> HttpResponse:
    """The rows of the jobs `id` as they are now, as parts that put themselves in their places. Whoever comes
    here otherwise, having signed in anew, gets the page they are of."""
    user = user_of(request)
    query = HistoryQuery.of(request.GET.dict(), may_see_all=has_permission(user, "files:all"))
    if not is_partial(request):
        return redirect(f"{reverse('jobs')}?{query.here}")
    ids = [id for id in map(parse_uuid, request.GET.getlist("id")[:SHOWN]) if id]
    jobs = visible_jobs(user=user).filter(pk__in=ids).select_related("user")
    items = items_of(jobs, user=user)
    context = {
        "items": items,
        "unfinished": _unfinished(items),
        "news": [item for item in items if item.job.is_finished],
        "query": query,
    }
    return render(request, "history/live_rows.html", context)


@require_POST
@signed_in("tools:use")
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Stop a job that has not ended; one that has stays as it is."""
    caller = user_of(request)
    job = job_for(user=caller, job_id=job_id)
    services.job_cancel(caller=caller, job=job)
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Trigger": "jobs-changed"})
    if "back" not in request.POST:
        return redirect("job", job.pk)
    asked = HistoryQuery.of(QueryDict(request.POST["back"]).dict(), may_see_all=True)
    return redirect(f"{reverse('jobs')}?{asked.here}")


@require_POST
@signed_in("tools:use")
def try_again(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Run what was not done of a job or batch once more; leads to the new one, or back with the reason."""
    user = user_of(request)
    job = job_for(user=user, job_id=job_id)
    try:
        admit_batch(request)
        job = retry(user=user, job=job)
    except SnapOtterError as error:
        messages.error(request, f"{error.message.removesuffix('.')}.")
    return go(request, reverse("job", args=[job.pk]))


@require_safe
@signed_in("tools:use")
def picture(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """The result of a job, small."""
    job = job_for(user=user_of(request), job_id=job_id)
    key = thumbnail(job=job)
    try:
        file = workspace.open_file(key)
    except FileNotFoundError:  # removed this very moment
        raise NotFound from None
    size = workspace.storage().size(key)
    return file_response(request, file, size=size, name=NAME, content_type=MIME_TYPE, etag=f"{job.pk}-small")


def _unfinished(items: list[Item]) -> list[Item]:
    return [item for item in items if not item.job.is_finished]


def _types(request: HttpRequest, query: HistoryQuery) -> list[tuple[str, str]]:
    """What may be chosen, and what was, though nobody can use it any more."""
    types = [(tool.id, tool.title) for tool in usable_tools(user=request.user)]
    types += [("pipeline", "Pipelines"), ("batch", "Batches")]
    if query.type and query.type not in dict(types):
        tool = find_tool(query.type)
        types.append((query.type, tool.title if tool else query.type))
    return types
