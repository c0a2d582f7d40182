"""How a run can end other than with its result or with the tool's own error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snapotter.common.errors import SnapOtterError

if TYPE_CHECKING:
    from processing.engine.track import Step


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


class StepFailed(SnapOtterError):
    """A step of the pipeline failed"""

    status = 422
    code = "PROCESSING_FAILED"

    @classmethod
    def of(cls, step: Step, error: SnapOtterError, completed: list[dict[str, Any]]) -> StepFailed:
        """The code of the step's own error, its reason in one sentence, and what was made before it."""
        message = f"Step {step.number} ({step.tool.title}): {reason_of(error)}"
        return cls(message, code=error.code, step=step.number, completedSteps=completed)


def reason_of(error: SnapOtterError) -> str:
    """What went wrong, without that something did."""
    return error.details if isinstance(error.details, str) and error.details else error.message
