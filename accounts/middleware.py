"""Who is signed in, for pages: the session's own query brings the user."""

from __future__ import annotations

from functools import cache, partial

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.bootstrap import anonymous_user
from accounts.credentials import user_by_session
from accounts.models import User


class SessionMiddleware(sessions.SessionMiddleware):
    """Django's, with cookies Secure exactly when the request is: HTTP at home, HTTPS behind a proxy."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response


class AuthenticationMiddleware(auth.AuthenticationMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        user = cache(partial(page_user, request))  # one look-up for both forms
        request.user = SimpleLazyObject(user)  # type: ignore[assignment]
        request.auser = sync_to_async(user)


def page_user(request: HttpRequest) -> User | AnonymousUser:
    """The user of the session cookie; a visitor, or somebody disabled meanwhile, is AnonymousUser."""
    if not settings.AUTH_ENABLED:
        return anonymous_user()
    row = request.session.row  # type: ignore[attr-defined]  # our SessionStore
    return user_by_session(row) if row is not None and row.user.is_active else AnonymousUser()
