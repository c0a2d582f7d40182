"""Pages that belong to no app."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from snapotter.common.errors import ValidationFailed
from snapotter.context import THEMES

YEAR_SECONDS = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or system in a cookie, and go back to where the switch was."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        raise ValidationFailed("theme must be one of " + ", ".join(THEMES))
    response = redirect(_back(request))
    response.set_cookie(
        "snapotter-theme",
        chosen,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
    return response


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if allowed else "/"
