"""The sign-in pages, and the door in front of every other page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.caller import user_of
from accounts.forms import ChangePasswordForm, LoginForm
from accounts.permissions import has_permission
from accounts.rate_limits import admit
from accounts.sessions import SessionStore
from snapotter.common.errors import NotFound, SnapOtterError
from snapotter.common.htmx import is_partial

View = Callable[..., HttpResponseBase]


def signed_in(
    permission: str | None = None, *, pending_password_change: bool = False
) -> Callable[[View], View]:
    """Let only signed-in users (who hold `permission`) into a page.

    Others go to the sign-in page and come back afterwards; who must change the password does that first.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _detour(request, "login")
            if _change_pending(request) and not pending_password_change:
                return _detour(request, "change-password")
            if permission is not None and not has_permission(request.user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def per_minute(limit: int) -> Callable[[View], View]:
    """Let a signed-in user post to a page so often and no more, as `per_minute` of a REST operation does."""

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                admit(request, f"page {view.__name__} user {user_of(request).pk}", limit)
            return view(request, *args, **kwargs)

        return counted

    return decorate


def require_accounts() -> None:
    """Raises NotFound where nobody signs in: there is nobody whose account a page could be about."""
    if not settings.AUTH_ENABLED:
        raise NotFound("Sign-in is switched off on this server, so there are no accounts.")


def _change_pending(request: HttpRequest) -> bool:
    return settings.AUTH_ENABLED and bool(getattr(request.user, "password_change_pending", False))


def _detour(request: HttpRequest, name: str) -> HttpResponse:
    """By way of another page. A form's target cannot be come back to, so only GET is remembered."""
    query = f"?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}" if request.method == "GET" else ""
    address = reverse(name) + query
    if is_partial(request):  # htmx would put the other page into a corner of this one
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _next(request: HttpRequest) -> str:
    """Where to go on: the `next` of the form or address when it stays on this site, else the first page."""
    target = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if allowed else resolve_url(settings.LOGIN_REDIRECT_URL)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method != "POST":
        return redirect(_next(request))
    form = LoginForm(request.POST or None)
    if form.is_valid():
        try:
            return _sign_in(request, form)
        except SnapOtterError as error:
            return _refused(request, form, error)
    return _page(request, "accounts/login.html", form, 200)


def _refused(request: HttpRequest, form: LoginForm, error: SnapOtterError) -> HttpResponse:
    form.add_error(None, error.message)
    page = _page(request, "accounts/login.html", form, error.status)
    if "retryAfter" in error.extra:
        page["Retry-After"] = str(error.extra["retryAfter"])
    return page


def _sign_in(request: HttpRequest, form: LoginForm) -> HttpResponse:
    session = SessionStore()
    services.sign_in(
        username=form.cleaned_data["username"], password=form.cleaned_data["password"], session=session
    )
    request.session.flush()
    request.session = session
    rotate_token(request)
    return redirect(_next(request))


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    row = _store(request).row
    if row is not None:
        services.sign_out(user=row.user, session_id=row.id)
        request.session.flush()
    return redirect("login")


@never_cache
@sensitive_post_parameters("current_password", "new_password", "repeat_password")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(pending_password_change=True)
@per_minute(30)
def change_password(request: HttpRequest) -> HttpResponse:
    require_accounts()
    form = ChangePasswordForm(request.POST or None)
    status = 200
    if form.is_valid():
        try:
            return _change_password(request, form)
        except SnapOtterError as error:
            form.add_error(_field_at_fault(error), error.message)
            status = error.status
    template = "change_password.html" if _change_pending(request) else "account/password.html"
    return _page(request, f"accounts/{template}", form, status)


def _change_password(request: HttpRequest, form: ChangePasswordForm) -> HttpResponse:
    services.change_password(
        user=user_of(request),
        current=form.cleaned_data["current_password"],
        new=form.cleaned_data["new_password"],
    )
    messages.success(request, "Your password is changed.")
    return redirect(_next(request))


def _field_at_fault(error: SnapOtterError) -> str | None:
    return {"INVALID_PASSWORD": "current_password", "VALIDATION_ERROR": "new_password"}.get(error.code)


def _page(request: HttpRequest, template: str, form: Form, status: int) -> HttpResponse:
    return render(request, template, {"form": form, "next": _next(request)}, status=status)


def _store(request: HttpRequest) -> SessionStore:
    if not isinstance(request.session, SessionStore):
        raise TypeError("SESSION_ENGINE must be accounts.sessions")
    return request.session
