"""The limit for everything below /api/, by address, and the headers that tell how much of a limit is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.rate_limits import admit, key_of_address, standing_of
from snapotter.api.errors import answer
from snapotter.common.errors import TooManyRequests

UNLIMITED: Final = "/api/v1/health"  # whoever watches us must not read "too many requests" as "down"


class RateLimitMiddleware:
    """Near the outside, where a refusal costs next to nothing: no session and no user was looked up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return _with_headers(self._answer(request), request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if _is_limited(request):
            try:
                admit(request, key_of_address(), settings.RATE_LIMIT_PER_MIN)
            except TooManyRequests as error:
                return answer(request, error)
        return self.get_response(request)


def _is_limited(request: HttpRequest) -> bool:
    path = request.path_info
    return bool(settings.RATE_LIMIT_PER_MIN) and path.startswith("/api/") and path != UNLIMITED


def _with_headers(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    standing = standing_of(request)
    if standing is not None:
        response["X-RateLimit-Limit"] = str(standing.limit)
        response["X-RateLimit-Remaining"] = str(standing.remaining)
        response["X-RateLimit-Reset"] = str(standing.reset_seconds)
    return response
