"""The one root of expected errors. The first line of a docstring is the message a person reads.

An expected error carries everything its answer needs: `status` (HTTP), `code` (for programs), `message`
(for people) and `details`. Anything that is not a `SnapOtterError` is a bug: it becomes `INTERNAL_ERROR`
and its traceback goes to the log only.
"""

from __future__ import annotations

from errno import EDQUOT, ENOSPC
from typing import Any


class SnapOtterError(Exception):
    """Something went wrong."""

    status: int = 500
    code: str = "INTERNAL_ERROR"

    def __init__(
        self, message: str | None = None, *, code: str | None = None, details: Any = None, **extra: Any
    ) -> None:
        """`extra` are further top-level members of the answer, in wire (camelCase) names."""
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.code = code or type(self).code
        self.details = details
        self.extra = extra
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders, so they pickle with everything they carry."""
        return _rebuild, (type(self), self.message, self.code, self.details, self.extra)


def _rebuild(cls: type[SnapOtterError], message: str, code: str, details: Any, extra: dict[str, Any]) -> Any:
    return cls(message, code=code, details=details, **extra)


class ValidationFailed(SnapOtterError):
    """The request is not valid."""

    status = 400
    code = "VALIDATION_ERROR"


class TooManyFiles(ValidationFailed):
    """There are more files in the request than this server takes at a time."""

    code = "TOO_MANY_FILES"


class AuthenticationRequired(SnapOtterError):
    """Sign in first."""

    status = 401
    code = "AUTH_REQUIRED"


class PermissionRefused(SnapOtterError):
    """You may not do this."""

    status = 403
    code = "FORBIDDEN"


class NotFound(SnapOtterError):
    """Not found: there is nothing here."""

    status = 404
    code = "NOT_FOUND"


class Conflict(SnapOtterError):
    """It exists already."""

    status = 409
    code = "CONFLICT"


class TooLarge(SnapOtterError):
    """The upload is too large."""

    status = 413
    code = "UPLOAD_TOO_LARGE"


class StorageFull(SnapOtterError):
    """The server's disk is full; whoever runs it must make room."""

    status = 507
    code = "STORAGE_FULL"


def is_storage_full(error: BaseException) -> bool:
    """Of the disk, or of what the disk's owner allows us."""
    return isinstance(error, OSError) and error.errno in {ENOSPC, EDQUOT}


class TooManyRequests(SnapOtterError):
    """Too many requests; try again later."""

    status = 429
    code = "RATE_LIMITED"


class Unavailable(SnapOtterError):
    """The server cannot do this right now; try again later."""

    status = 503
    code = "UNAVAILABLE"
