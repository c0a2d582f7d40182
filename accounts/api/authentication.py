"""Who calls the API: a Bearer token (session or key), the pages' cookie, or nobody."""

from __future__ import annotations

from copy import copy
from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.admission import ANONYMOUS, Credential
from accounts.bootstrap import anonymous_user
from accounts.credentials import find_key, find_session, user_by_key, user_by_session
from accounts.models import ApiKey, Session, User
from snapotter.common.errors import PermissionRefused

BEARER: Final = "Bearer "

Caller = tuple[User | AnonymousUser, Credential]
NOBODY: Caller = (AnonymousUser(), ANONYMOUS)


class CredentialAuthentication(BaseAuthentication):
    """Sets `request.user` and `request.auth`, a Credential. A credential that is no good is nobody's.

    A Bearer header wins over the cookie. A cookie travels by itself, so with it an unsafe method needs the
    CSRF token; a header does not travel by itself.
    """

    def authenticate(self, request: Request) -> Caller:
        if not settings.AUTH_ENABLED:
            _require_welcome_origin(request)
            return anonymous_user(), ANONYMOUS
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if header.startswith(BEARER):
            return by_token(header.removeprefix(BEARER))
        return _by_cookie(request)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def by_token(token: str) -> Caller:
    if token.startswith("si_"):  # no session is called so
        key = find_key(token)
        return _of_key(key) if key is not None else NOBODY
    session = find_session(token)
    return _of_session(session) if session is not None else NOBODY


def _by_cookie(request: Request) -> Caller:
    session = request._request.session.row  # type: ignore[attr-defined]  # our SessionStore
    if session is None:
        return NOBODY
    _require_csrf_token(request)
    return _of_session(session)


def _of_session(session: Session) -> Caller:
    if not session.user.is_active:
        return AnonymousUser(), Credential("anonymous", disabled=True)
    user = user_by_session(session)
    return user, user.credential


def _of_key(key: ApiKey) -> Caller:
    if not key.user.is_active:
        return AnonymousUser(), Credential("anonymous", disabled=True)
    user = user_by_key(key)
    return user, user.credential


def _require_welcome_origin(request: Request) -> None:
    """Where nobody signs in there is no token to ask for, and any site that somebody visits could send a form
    to this server; but browsers say which site that is. Programs say nothing."""
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None or request.method in SAFE_METHODS or settings.CORS_ALLOW_ALL_ORIGINS:
        return
    own = f"{request.scheme}://{request.get_host()}"
    welcome = (own, *settings.CSRF_TRUSTED_ORIGINS, *settings.CORS_ALLOWED_ORIGINS)
    if origin.lower() not in [each.lower() for each in welcome]:
        raise PermissionRefused("Pages of other sites may not do this.", code="CSRF_FAILED")


def _require_csrf_token(request: Request) -> None:
    """Only as the header X-CSRFToken: looking in the body would read an upload before its view does."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    probe = copy(request._request)
    probe._post, probe._files = QueryDict(), MultiValueDict()  # type: ignore[attr-defined]
    check = CSRFCheck(view)
    check.process_request(probe)
    if check.process_view(probe, view, (), {}):
        raise PermissionRefused("The CSRF token is missing or wrong.", code="CSRF_FAILED")
