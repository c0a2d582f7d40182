"""Carry a claimed job through a child process and keep its books.

Whoever holds the job calls `drive`: the request's own thread as long as somebody waits for the answer, a lane
thread afterwards. No database connection is held while the child works.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from processing import services, workspace
from processing.engine.errors import InternalFailure
from processing.engine.pool import ChildPool, ChildRun
from processing.engine.request import InputFile, OutputFile, RunRequest, RunResult
from processing.limits import current_limits
from processing.models import Job
from processing.results import JobResult, StoredOutput
from processing.tooling import Tool
from snapotter.common.errors import SnapOtterError

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25


@dataclass
class ActiveRun:
    job: Job
    child: ChildRun
    resources: ExitStack
    started: float = field(default_factory=time.monotonic)
    error: SnapOtterError | None = None

    @property
    def duration_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)


def start(job: Job, tool: Tool, pool: ChildPool) -> ActiveRun:  # type: ignore[type-arg]
    """Hand the job's files to a child. The run owns the scratch directory until it ends."""
    with ExitStack() as stack:
        scratch = stack.enter_context(workspace.scratch_directory())
        inputs = tuple(
            InputFile(stack.enter_context(workspace.local_path(key)), Path(key).name)
            for key in job.input_files
        )
        request = RunRequest(
            tool=tool.path,
            settings=job.settings,
            inputs=inputs,
            output_dir=scratch,
            limits=current_limits(),
            progress_path=scratch / "progress",
            preview=True,
        )
        return ActiveRun(job=job, child=pool.submit(request), resources=stack.pop_all())


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


def release_connection() -> None:
    """Give the connection back to the pool; inside a transaction (a test's) it is not ours to give."""
    if not connection.in_atomic_block:
        connection.close()


def _report(run: ActiveRun) -> None:
    """Once a tick: note the progress, renew the lease, and learn whether the run must stop."""
    fraction, stage = run.child.progress()
    if not services.job_report(job=run.job, progress=fraction, stage=stage):
        run.child.cancel()


def _publish(run: ActiveRun, result: RunResult) -> None:
    try:
        stored = _store(run.job, result)
        total = sum(output.bytes for output in result.outputs)
        published = services.job_complete(
            job=run.job, result=stored, bytes_out=total, duration_ms=run.duration_ms
        )
        if not published:
            log.warning("job %s ended elsewhere; its late result was dropped", run.job.pk)
    except OSError as error:
        log.exception("the result of job %s could not be stored", run.job.pk)
        _end_with(run, InternalFailure(f"The result could not be stored: {error.strerror or error}"))
    finally:
        run.resources.close()


def _end_with(run: ActiveRun, error: SnapOtterError) -> None:
    run.error = error
    run.resources.close()
    services.job_fail(job=run.job, error=error, duration_ms=run.duration_ms)


def _store(job: Job, result: RunResult) -> JobResult:
    def store(output: OutputFile) -> StoredOutput:
        return StoredOutput(
            name=output.name,
            key=workspace.publish(job.id, job.attempts, output.path, output.name),
            mime_type=output.mime_type,
            bytes=output.bytes,
            width=output.width,
            height=output.height,
        )

    return JobResult(
        outputs=[store(output) for output in result.outputs],
        preview=store(result.preview) if result.preview else None,
        data=result.data,
        source_width=result.source_width,
        source_height=result.source_height,
    )
