"""What `jobs.result` holds: every output, where it lies and what it is; or how the run failed."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from processing.models import Job, JobStatus
from processing.tooling import ToolError
from snapotter.common.errors import SnapOtterError
from snapotter.common.wire import WireModel


class StoredOutput(WireModel):
    name: str
    key: str
    mime_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    crc32: int | None = None
    """Of what goes into the ZIP of a batch."""


class Failure(WireModel):
    """An error as it is answered, whichever process met it. `path` names the setting at fault, `extra` are
    further members of the answer."""

    status: int
    code: str
    message: str
    details: Any = None
    path: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, error: SnapOtterError) -> Failure:
        return cls(
            status=error.status,
            code=error.code,
            message=_storable(error.message),
            details=_storable(error.details),
            path=getattr(error, "path", None),
            extra=_storable(error.extra),
        )


class JobResult(WireModel):
    """`data` are the tool's own values for the answer; `source_*` describe the input, in pixels."""

    outputs: list[StoredOutput] = Field(default_factory=list)
    preview: StoredOutput | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    source_width: int | None = None
    source_height: int | None = None
    failure: Failure | None = None

    @classmethod
    def load(cls, value: Any) -> JobResult:
        return cls.model_validate(value or {}, by_alias=True)

    def find(self, name: str) -> StoredOutput | None:
        candidates = [*self.outputs, *([self.preview] if self.preview else [])]
        return next((output for output in candidates if output.name == name), None)


class RunFailed(SnapOtterError):
    """Processing failed"""

    def __init__(self, failure: Failure, **extra: Any) -> None:
        self.status = failure.status
        self.path = failure.path
        super().__init__(
            failure.message, code=failure.code, details=failure.details, **failure.extra, **extra
        )


def message_of(error: SnapOtterError | Failure) -> str:
    """One sentence for a person: what failed, and why if that is known."""
    if isinstance(error.details, str) and error.details:
        return f"{error.message}: {error.details}"
    return error.message


def reason_of(message: str) -> str:
    """What of it a person has to read: that processing failed goes without saying where it is told why."""
    return message.removeprefix(f"{ToolError.__doc__}: ")


def error_of(job: Job) -> RunFailed | None:
    """What a job that ended without a result is answered with; None for any other."""
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELED):
        return None
    failure = JobResult.load(job.result).failure
    if failure is None:  # it ended without having run
        failure = Failure(status=422, code=job.error_code, message=job.error)
    return RunFailed(failure, **({"canceled": True} if job.status == JobStatus.CANCELED else {}))


def _storable(value: Any) -> Any:
    """Without what PostgreSQL does not take: NUL and halves of surrogate pairs, which damaged files bring."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value
