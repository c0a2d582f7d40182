"""The limit that an operation declares: so many requests a minute of one user, or of one address."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.admission import Credential
from accounts.rate_limits import admit, key_of_address


class PerMinute(BaseThrottle):
    """Refuses by raising TooManyRequests. Asked after `Access`: who may not call at all uses nothing up."""

    def allow_request(self, request: Request, view: Any) -> bool:
        method = request.method or ""
        limit = view.per_minute(method)
        if limit is not None:
            admit(request._request, f"{method} {type(view).__name__} {caller_key(request)}", limit)
        return True


def caller_key(request: Request) -> str:
    """Who is counted. With sign-in switched off everybody is one user: then it is the address."""
    credential = request.auth
    signed_in = isinstance(credential, Credential) and credential.kind != "anonymous"
    return f"user {request.user.pk}" if signed_in else key_of_address()
