"""May the caller do this: what an operation declares, checked against who calls."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.caller import credential_of, user_of
from accounts.permissions import has_permission
from snapotter.common.access import PUBLIC, SIGNED_IN
from snapotter.common.errors import AuthenticationRequired, PermissionRefused


class Access(BasePermission):
    """Refuses by raising: 401 AUTH_REQUIRED, 403 USER_DISABLED, MUST_CHANGE_PASSWORD or FORBIDDEN.

    What declares nothing and does nothing passes: OPTIONS, which describes the endpoint, and a method without
    a handler, which is answered 405.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        method = request.method or ""
        access = view.access(method)
        if access == PUBLIC or (access is None and not _does_something(view, method)):
            return True
        require_signed_in(request)
        if not view.allows_pending_password_change(method):
            refuse_pending_password_change(request)
        if access is None or (access != SIGNED_IN and not has_permission(request.user, access)):
            raise PermissionRefused
        return True


def _does_something(view: Any, method: str) -> bool:
    return method != "OPTIONS" and hasattr(view, method.lower())


def require_signed_in(request: Request) -> None:
    if request.user.is_authenticated:
        return
    if credential_of(request).disabled:
        raise PermissionRefused("This account is disabled.", code="USER_DISABLED")
    raise AuthenticationRequired


def refuse_pending_password_change(request: Request) -> None:
    """Sessions only: a key was made by somebody who had a password of their own."""
    if credential_of(request).kind == "session" and user_of(request).password_change_pending:
        raise PermissionRefused("Change your password first.", code="MUST_CHANGE_PASSWORD")
