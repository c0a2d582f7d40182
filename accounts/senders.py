"""May whoever announces a large body send it: asked before a byte of it is read."""

from __future__ import annotations

from django.conf import settings
from django.db import Error
from django.http import HttpRequest

from accounts.api.authentication import BEARER, by_token
from accounts.credentials import find_session, user_by_session
from accounts.models import User
from accounts.permissions import has_permission
from audit import context
from audit.middleware import context_of
from snapotter.common.database import release_connection
from snapotter.common.errors import SnapOtterError


def may_send(request: HttpRequest, *, many_files: bool) -> bool:
    """Whether the request's credentials let somebody in; for many files somebody who may use tools.

    The view asks again, and says what is wrong. No database connection is held afterwards, as the body may
    take long.
    """
    if not settings.AUTH_ENABLED:
        return True
    try:
        with context.use(context_of(request)):
            user = _sender(request)
            return user is not None and (not many_files or has_permission(user, "tools:use"))
    except (SnapOtterError, Error):
        return False
    finally:
        release_connection()


def _sender(request: HttpRequest) -> User | None:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if header.startswith(BEARER):
        user, _ = by_token(header.removeprefix(BEARER))
        return user if isinstance(user, User) else None
    session = find_session(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
    return user_by_session(session) if session is not None and session.user.is_active else None
