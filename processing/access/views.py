"""The page that explains who may use what."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.caller import user_of
from accounts.views import signed_in
from processing.access.form import AccessForm
from processing.access.questions import answer
from snapotter.common.errors import SnapOtterError


@never_cache
@require_safe
@signed_in()
def access(request: HttpRequest) -> HttpResponse:
    """The address is the question, so that an answer can be linked to."""
    caller = user_of(request)
    form = AccessForm(caller, request.GET.dict())
    explanation = None
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        try:
            explanation = answer(form.question, caller=caller)
        except SnapOtterError as error:
            form.add_error(None, error.message)
            status = error.status
    form.offer_keys(explanation.user if explanation else caller)
    return render(request, "access.html", {"form": form, "explanation": explanation}, status=status)
