"""Carry a claimed job through a child process and keep its books.

Whoever holds the job calls `drive`: the request's own thread as long as somebody waits for the answer, a
thread of a lane afterwards. No database connection is held while the child works. While the database is away
the child goes on, and what it made is published when the database is back, unless the lease ended before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from processing import events, registry, run_services, workspace
from processing.batches.stored_zip import checksum
from processing.engine.errors import Canceled, InternalFailure
from processing.engine.pool import ChildPool, ChildRun, PoolClosed
from processing.engine.request import (
    InputFile,
    OutputFile,
    PipelineRequest,
    Request,
    RunRequest,
    RunResult,
    StepRequest,
)
from processing.limits import current_limits
from processing.models import PIPELINE, Job
from processing.results import JobResult, StoredOutput
from processing.selectors import is_completed
from snapotter.common.database import DATABASE_AWAY, release_connection
from snapotter.common.errors import SnapOtterError, StorageFull, is_storage_full

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 0.5
"""After the database did not answer."""


@dataclass
class ActiveRun:
    job: Job
    child: ChildRun
    resources: ExitStack
    started: float = field(default_factory=time.monotonic)
    heard_of: float = field(default_factory=time.monotonic)
    """When the lease was renewed last."""
    must_stop: bool = False
    """It was canceled, or another process has the job now; else a child that was stopped ended with us."""

    @property
    def duration_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    @property
    def has_lease(self) -> bool:
        return time.monotonic() < self.heard_of + settings.JOB_LEASE_S

    def stop(self) -> None:
        self.must_stop = True
        self.child.cancel()

    def hear(self, change: events.Change | None) -> None:
        if change is not None and change.cancel:
            self.stop()


def start(job: Job, pool: ChildPool) -> ActiveRun | None:
    """Hand a claimed job to a child. None when that fails: the job is ended then, or queued again as our
    process is ending."""
    try:
        return _submit(job, pool)
    except PoolClosed:
        run_services.job_release(job=job)
    except Exception:
        log.exception("job %s could not be started", job.pk)
        run_services.job_fail(job=job, error=InternalFailure(), duration_ms=0)
    return None


def _submit(job: Job, pool: ChildPool) -> ActiveRun:
    """The run owns the scratch directory until it ends."""
    with ExitStack() as stack:
        child = pool.submit(_request(job, stack))
        run = ActiveRun(job=job, child=child, resources=stack.pop_all())
    run.resources.enter_context(events.watch(events.topic_of_job(job.pk), handler=run.hear))
    return run


def _request(job: Job, stack: ExitStack) -> Request:
    scratch = stack.enter_context(workspace.scratch_directory())
    inputs = tuple(
        InputFile(stack.enter_context(workspace.local_path(key)), Path(key).name) for key in job.input_files
    )
    common: dict[str, Any] = {
        "output_dir": scratch,
        "limits": current_limits(),
        "progress_path": scratch / "progress",
        "preview": True,
    }
    if job.type == PIPELINE:
        steps = tuple(_step(step["toolId"], step["settings"]) for step in job.settings["steps"])
        return PipelineRequest(steps, inputs[0], **common)
    return RunRequest(registry.find(job.tool_id).path, job.settings, inputs, **common)


def _step(tool_id: str, settings: dict[str, Any]) -> StepRequest:
    return StepRequest(registry.find(tool_id).path, settings)


def drive(run: ActiveRun, seconds: float | None = None) -> bool:
    """Wait for the child and publish what it made. False when `seconds` passed first: drive it again."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        remaining = TICK_SECONDS if deadline is None else min(TICK_SECONDS, deadline - time.monotonic())
        release_connection()
        try:
            result = run.child.wait(max(0.0, remaining))
        except TimeoutError:
            if deadline is not None and time.monotonic() >= deadline:
                return False
            _report(run)
        except SnapOtterError as error:
            _end_with(run, error)
            return True
        else:
            _publish(run, result)
            return True


def _report(run: ActiveRun) -> None:
    """Once a tick: note the progress, renew the lease, and learn whether the run must stop."""
    fraction, stage = run.child.progress()
    try:
        if not run_services.job_report(job=run.job, progress=fraction, stage=stage):
            run.stop()
        run.heard_of = time.monotonic()
    except DATABASE_AWAY:  # the child goes on; who asks for the outcome will hear of it
        log.warning("job %s goes on without the database", run.job.pk)


def _publish(run: ActiveRun, result: RunResult) -> None:
    try:
        stored = _store(run.job, result)
    except OSError as error:
        log.exception("the result of job %s could not be stored", run.job.pk)
        _end_with(run, _failure_to_store(error))
        return
    finally:
        run.resources.close()
    total = sum(output.bytes for output in result.outputs)
    if _persist(run, lambda: _complete(run, stored, total)):
        _delete_lost_attempts(run.job)
    else:
        log.warning("job %s ended elsewhere or was canceled; its late result was dropped", run.job.pk)
        workspace.delete_attempt(run.job.pk, run.job.attempts)


def _failure_to_store(error: OSError) -> SnapOtterError:
    if is_storage_full(error):
        return StorageFull()
    return InternalFailure(f"The result could not be stored: {error.strerror or error}")


def _delete_lost_attempts(job: Job) -> None:
    """What runs published whose process was killed before it could say so."""
    for attempt in range(1, job.attempts):
        workspace.delete_attempt(job.pk, attempt)


def _complete(run: ActiveRun, stored: JobResult, total: int) -> bool:
    """Also true when it had been completed before, but the news of it was lost with a connection."""
    completed = run_services.job_complete(
        job=run.job, result=stored, bytes_out=total, duration_ms=run.duration_ms
    )
    return completed or is_completed(job=run.job)


def _end_with(run: ActiveRun, error: SnapOtterError) -> None:
    run.resources.close()
    if isinstance(error, Canceled) and not run.must_stop:
        _persist(run, lambda: run_services.job_release(job=run.job))
    else:
        _persist(run, lambda: run_services.job_fail(job=run.job, error=error, duration_ms=run.duration_ms))


def _persist(run: ActiveRun, write: Callable[[], bool]) -> bool:
    """What `write` says, asked again while the database does not answer and the job is surely ours.

    Raises the database's error after that: the sweep will see to the job, and what was published stays, as
    nobody knows whether it counts.
    """
    while True:
        try:
            return write()
        except DATABASE_AWAY:
            if not run.has_lease:
                raise
            release_connection()
            time.sleep(AGAIN_SECONDS)


def see_through(run: ActiveRun) -> None:
    """Drive a run to its end in a thread that has nobody above it: whatever happens is logged here, and the
    job is ended for its owner."""
    try:
        drive(run)
    except DATABASE_AWAY:
        log.exception("job %s could not be ended; it will be run again", run.job.pk)
    except Exception:
        log.exception("job %s was lost by its lane", run.job.pk)
        run_services.job_fail(job=run.job, error=InternalFailure(), duration_ms=run.duration_ms)
    finally:
        release_connection()


def _store(job: Job, result: RunResult) -> JobResult:
    def store(output: OutputFile) -> StoredOutput:
        crc32 = _checksum(output.path) if job.parent_id else None  # before it is moved
        return StoredOutput(
            name=output.name,
            key=workspace.publish(job.id, job.attempts, output.path, output.name),
            mime_type=output.mime_type,
            bytes=output.bytes,
            width=output.width,
            height=output.height,
            crc32=crc32,
        )

    return JobResult(
        outputs=[store(output) for output in result.outputs],
        preview=store(result.preview) if result.preview else None,
        data=result.data,
        source_width=result.source_width,
        source_height=result.source_height,
    )


def _checksum(path: Path) -> int:
    with path.open("rb") as file:
        return checksum(file)
