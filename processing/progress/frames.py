"""What a stream says about a job: made from its row, or from news of a run that goes on."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from processing.api.answers import tool_answer
from processing.batches.selectors import failures_of, members_of
from processing.batches.tally import Tally, tally_of
from processing.events import Change
from processing.models import Job, JobStatus
from processing.queue_state import is_carried
from processing.results import error_of
from processing.stages import stage_text
from snapotter.common.wire import WireModel


class Frame(WireModel):
    @property
    def is_last(self) -> bool:
        return False

    def encoded(self) -> bytes:
        """An event of its own. What is not known is left out."""
        values = {name: value for name, value in self.wire().items() if value is not None}
        return f"data: {json.dumps(values, separators=(',', ':'))}\n\n".encode()


class Heartbeat(Frame):
    """Sent every now and then, so that proxies keep the connection open and both sides know that it is."""

    type: Literal["heartbeat"] = "heartbeat"


class SingleFrame(Frame):
    """`job_id` is the name that the stream was asked for by, `percent` is 0 to 100.

    `result` is what the tool would have answered with, `error`, `code` and `details` are its error.
    """

    job_id: str
    type: Literal["single"] = "single"
    phase: Literal["processing", "complete", "failed"]
    percent: int
    stage: str | None = None
    error: str | None = None
    code: str | None = None
    details: Any = None
    result: dict[str, Any] | None = None

    @property
    def is_last(self) -> bool:
        return self.phase != "processing"


class FileError(WireModel):
    filename: str
    error: str


class BatchFrame(Frame):
    """`completed_files` counts failed ones too. `status` is `failed` only when every file failed."""

    job_id: str
    type: Literal["batch"] = "batch"
    status: Literal["processing", "completed", "failed"]
    total_files: int
    completed_files: int
    failed_files: int
    errors: list[FileError]
    current_file: str | None = None
    result: dict[str, Any] | None = None

    @property
    def is_last(self) -> bool:
        return self.status != "processing"


HEARTBEAT: Final = Heartbeat().encoded()


def frame_of(job: Job, name: str) -> Frame:
    """A job as its row says; of a batch the members are read too."""
    if job.is_batch:
        return _batch(job, name, tally_of(job))
    if not job.is_finished:
        has_taker = job.status != JobStatus.QUEUED or is_carried()
        return _running(name, job.status, job.progress, job.stage, job.cancel_requested, has_taker)
    error = error_of(job)
    if error is not None:
        return _failed(job, name, error=error.message, code=error.code, details=error.details)
    if job.is_expired:
        return _failed(job, name, error="The files of this job have expired", code="EXPIRED")
    return SingleFrame(job_id=name, phase="complete", percent=100, result=tool_answer(job))


def frame_of_change(change: Change, name: str) -> Frame:
    """A single job that goes on, as news of it says."""
    return _running(name, change.status, change.progress, change.stage, change.cancel)


def _running(
    name: str, status: str, progress: float, stage: str, cancel: bool, has_taker: bool = True
) -> Frame:
    words = stage_text(status=status, stage=stage, cancel=cancel, has_taker=has_taker)
    return SingleFrame(job_id=name, phase="processing", percent=int(progress * 100), stage=words)


def _failed(job: Job, name: str, *, error: str, code: str, details: Any = None) -> Frame:
    percent = int(job.progress * 100)
    return SingleFrame(
        job_id=name, phase="failed", percent=percent, error=error, code=code or None, details=details
    )


def _batch(job: Job, name: str, tally: Tally) -> Frame:
    status = _status_of_batch(job, tally)
    return BatchFrame(
        job_id=name,
        status=status,
        total_files=tally.total,
        completed_files=tally.ended,
        failed_files=tally.undone,
        errors=[FileError(**failure) for failure in failures_of(job)] if tally.undone else [],
        current_file=None if job.is_finished else _current_file(job),
        result=tool_answer(job) if status == "completed" and not job.is_expired else None,
    )


def _status_of_batch(job: Job, tally: Tally) -> Literal["processing", "completed", "failed"]:
    """A canceled one is completed with what was done before."""
    if not job.is_finished:
        return "processing"
    return "failed" if job.status == JobStatus.FAILED or not tally.completed else "completed"


def _current_file(batch: Job) -> str | None:
    running = members_of(batch).filter(status=JobStatus.PROCESSING).only("input_files").last()
    return running.input_name if running else None
