"""How a run can end other than with its result or with the tool's own error."""

from __future__ import annotations

from snapotter.common.errors import SnapOtterError


class ChildCrashed(SnapOtterError):
    """Processing stopped unexpectedly. The file may be damaged or too demanding."""

    status = 422
    code = "crashed"


class ChildTimeout(SnapOtterError):
    """Processing took too long and was stopped."""

    status = 422
    code = "timeout"


class OutOfMemory(SnapOtterError):
    """There is not enough memory to process this. Try a smaller picture or a smaller result."""

    status = 422
    code = "out_of_memory"


class Canceled(SnapOtterError):
    """Canceled"""

    status = 422
    code = "canceled"


class InternalFailure(SnapOtterError):
    """Processing failed because of an error in SnapOtter. The log has the details."""

    status = 500
    code = "internal"
