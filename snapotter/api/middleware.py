"""Headers that every answer carries, and pages for the errors that views expect."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from snapotter.api.errors import answer
from snapotter.body_limit import UNREAD
from snapotter.common.errors import SnapOtterError, StorageFull, ValidationFailed, is_storage_full
from snapotter.hosts import unknown_host

HEADERS = {
    "Cache-Control": "no-store",  # what may be kept, and by whom, says so itself
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    # nothing inline anywhere: our modules style through the CSSOM. blob: is a preview of the user's own file
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; font-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; "
        "form-action 'self'"
    ),
}
TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class SecurityHeadersMiddleware:
    """A view may set its own policy (the API reference needs inline style); what it set stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in (HEADERS | TLS_HEADERS if request.is_secure() else HEADERS).items():
            response.headers.setdefault(name, value)
        return response


class KnownHostMiddleware:
    """Nothing is answered under a name that is not this server's: see snapotter.hosts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = unknown_host(request)
        if host is None:
            return self.get_response(request)
        told = f"This server does not go by the name {host}; whoever runs it can add that to ALLOWED_HOSTS."
        return answer(request, ValidationFailed(told, code="UNKNOWN_HOST"))


class BodyLimitMiddleware:
    """The answer to a request whose body was not read to its end: see snapotter.body_limit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        error = getattr(request, "scope", {}).get(UNREAD)
        return answer(request, error) if error is not None else self.get_response(request)


class ExpectedErrorsMiddleware:
    """What a page's view raises on purpose is answered with a page; REST views never let it come this far."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_storage_full(exception):
            return answer(request, StorageFull())
        return answer(request, exception) if isinstance(exception, SnapOtterError) else None
