"""Every error answer is made here: `{error, code, details?}` for programs, a page for people."""

from __future__ import annotations

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response

from snapotter.common.database import DATABASE_AWAY
from snapotter.common.errors import (
    AuthenticationRequired,
    NotFound,
    PermissionRefused,
    SnapOtterError,
    StorageFull,
    TooLarge,
    TooManyFiles,
    Unavailable,
    ValidationFailed,
    is_storage_full,
)

log = logging.getLogger(__name__)

_DJANGO_ERRORS: dict[type[Exception], type[SnapOtterError]] = {
    Http404: NotFound,
    PermissionDenied: PermissionRefused,
    RequestDataTooBig: TooLarge,
    TooManyFilesSent: TooManyFiles,
    SuspiciousOperation: ValidationFailed,
    **dict.fromkeys(DATABASE_AWAY, Unavailable),
    exceptions.NotAuthenticated: AuthenticationRequired,
    exceptions.AuthenticationFailed: AuthenticationRequired,
    exceptions.PermissionDenied: PermissionRefused,
    exceptions.NotFound: NotFound,
}


def body_of(error: SnapOtterError) -> dict[str, Any]:
    body: dict[str, Any] = {"error": error.message, "code": error.code}
    if error.details is not None:
        body["details"] = error.details
    return body | error.extra


def headers_of(error: SnapOtterError) -> dict[str, str]:
    seconds = error.extra.get("retryAfter")
    return {} if seconds is None else {"Retry-After": str(seconds)}


def as_expected(error: Exception) -> SnapOtterError | None:
    """The SnapOtterError that says the same, or None for a bug."""
    if isinstance(error, SnapOtterError):
        return error
    for kind, ours in _DJANGO_ERRORS.items():
        if isinstance(error, kind):
            return ours()
    if is_storage_full(error):
        return StorageFull()
    if isinstance(error, exceptions.ParseError):
        return ValidationFailed("The body cannot be read", code="MALFORMED_BODY", details=str(error.detail))
    if isinstance(error, exceptions.UnsupportedMediaType):
        return ValidationFailed(str(error.detail), code="UNSUPPORTED_MEDIA_TYPE")
    return None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: never an HTML page, never a stack trace in an answer."""
    expected = as_expected(error)
    if expected is not None:
        return Response(body_of(expected), status=expected.status, headers=headers_of(expected))
    if isinstance(error, exceptions.APIException) and error.status_code < 500:
        code = HTTPStatus(error.status_code).name
        return Response({"error": str(error.detail), "code": code}, status=error.status_code)
    log.error("unexpected error in %s", context["request"].path, exc_info=error)
    return Response(body_of(SnapOtterError()), status=500)


def answer(request: HttpRequest, error: SnapOtterError, status: int | None = None) -> HttpResponse:
    """JSON below /api/, a page elsewhere."""
    status = status or error.status
    if request.path.startswith("/api/"):
        return JsonResponse(body_of(error), status=status, headers=headers_of(error))
    context = {"status": status, "title": HTTPStatus(status).phrase, "message": error.message}
    page = render(request, "error.html", context, status=status)
    for name, value in headers_of(error).items():
        page[name] = value
    return page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_expected(exception) or ValidationFailed())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_expected(exception) or PermissionRefused())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """The page must not need the database or the session: either may be what failed."""
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return answer(request, Unavailable())
    return answer(request, SnapOtterError("Something went wrong on our side."), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(
        request, PermissionRefused("This form has expired; load the page again.", code="CSRF_FAILED")
    )
