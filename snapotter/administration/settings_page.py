"""The page of the settings that change while the server runs, and of the logo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.caller import user_of
from accounts.settings_services import settings_change
from processing import branding
from snapotter.administration.settings_form import SettingsForm
from snapotter.common.errors import Conflict, SnapOtterError, ValidationFailed


def may_change_settings(request: HttpRequest) -> bool:
    return user_of(request).has_perm("runtime.change_setting")


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    if not may_change_settings(request):
        raise PermissionDenied
    form = SettingsForm(request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _save(request, form)
            return redirect("admin:settings")
        except (ValidationFailed, Conflict) as error:
            form.refuse(error)
    context: dict[str, Any] = {**site.each_context(request), "title": "Settings", "form": form}
    return TemplateResponse(request, "admin/settings.html", context, status=400 if form.errors else 200)


def _save(request: HttpRequest, form: SettingsForm) -> None:
    """Raises ValidationFailed and Conflict."""
    changes = form.changes()
    if changes:
        settings_change(user=request.user, values=changes, expected=form.expected())
        titles = ", ".join(str(form.fields[name].label) for name in changes)
        messages.success(request, f"Changed: {titles}.")
    else:
        messages.info(request, "There was nothing to change.")


@require_POST
def logo(request: HttpRequest) -> HttpResponse:
    """Show another logo, or ours again."""
    if not may_change_settings(request):
        raise PermissionDenied
    try:
        if "remove" in request.POST:
            branding.logo_remove(user=request.user)
            messages.success(request, "The logo is ours again.")
        else:
            branding.logo_change(user=request.user, upload=request.FILES.get("file"))
            messages.success(request, "The logo is changed.")
    except SnapOtterError as error:
        messages.error(request, error.message)
    return redirect("admin:settings")
