"""Answers to htmx, which asks for a part of a page and puts it into the page that is open."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks."""
    return bool(request.headers.get("HX-Request"))


def go(request: HttpRequest, address: str) -> HttpResponse:
    """Lead to another page: htmx would put it into a corner of this one."""
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
