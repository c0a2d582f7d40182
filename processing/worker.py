"""A process that carries the queue: it takes jobs off it and runs them in children of its own.

Any number of workers on any machines may share a database and a workspace. A worker that ends hands its
unfinished jobs back; one that is killed is found out by the sweep of another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import DjangoApp

from processing import cleanup, queue, recovery, run_services, runner
from processing.batches import turns
from processing.engine.pool import ChildPool
from processing.models import Job
from processing.patient_connector import PatientConnector
from processing.work_again import require_allowed
from snapotter.common import listener
from snapotter.common.database import release_connection
from snapotter.common.errors import SnapOtterError

log = logging.getLogger(__name__)

NICE: Final = 10
"""Whoever waits for an answer goes first."""
AGAIN_SECONDS: Final = 2.0
"""After an error."""
POLL_SECONDS: Final = 1.0
"""News of the queue may get lost, with the connection or while the worker looks."""
FORGOTTEN_SECONDS: Final = 86_400.0
"""A worker that was only cut off must not find itself removed from the list by another that starts."""
SPARE_THREADS: Final = 4
"""For what is to be done while every job has a thread: to connect, to stop."""


class Worker:
    """Carries the queue until `stop`. Create it in the process that runs it."""

    def __init__(self) -> None:
        self.pool = ChildPool(
            settings.CONCURRENT_JOBS, memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20, nice=NICE
        )
        self._connector = PatientConnector(_connection_parameters)
        self._stopping = asyncio.Event()
        self._periodic = (recovery.sweeper(), cleanup.cleaner())

    def stop(self) -> None:
        """To be called in the loop's own thread, as by a signal handler of the loop."""
        self._stopping.set()

    async def run(self) -> None:
        """Returns after `stop`, when every child is gone and every unfinished job is queued again. The loop's
        own threads run the jobs."""
        threads = ThreadPoolExecutor(self.pool.size + SPARE_THREADS, thread_name_prefix="worker")
        asyncio.get_running_loop().set_default_executor(threads)
        await asyncio.to_thread(self.pool.warm)
        listener.start()
        for periodic in self._periodic:
            periodic.start()
        carrying = asyncio.create_task(self._carry())
        try:
            await self._stopping.wait()
        finally:
            self._stopping.set()
            self._connector.give_up()
            carrying.cancel()
            await asyncio.to_thread(self.pool.close)
            with contextlib.suppress(asyncio.CancelledError):
                await carrying
            for periodic in self._periodic:
                await asyncio.to_thread(periodic.stop)
            listener.stop()

    async def _carry(self) -> None:
        """Whatever goes wrong outside of a job is the database's doing, and it will be back."""
        while not self._stopping.is_set():
            try:
                await self._carry_while_connected()
            except Exception:
                log.exception("the queue cannot be carried")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), AGAIN_SECONDS)

    async def _carry_while_connected(self) -> None:
        # Only a worker connects like this; what it runs enqueues by Django's connection, like everybody
        app = DjangoApp(connector=self._connector)
        app.task(name=queue.RUN_JOB, pass_context=True)(run_job)
        app.task(name=queue.RUN_MEMBER, pass_context=True)(run_member)
        async with app.open_async():
            # No `queues`, ours is the only one: asked for by name, PostgreSQL may sort all that wait
            await app.run_worker_async(
                concurrency=self.pool.size,
                install_signal_handlers=False,
                fetch_job_polling_interval=POLL_SECONDS,
                stalled_worker_timeout=FORGOTTEN_SECONDS,
                delete_jobs="always",
                additional_context={"pool": self.pool},
            )


async def _connection_parameters() -> dict[str, Any]:
    """Asked for before each new connection, as an embedded server that died is started by asking."""
    parameters = await asyncio.to_thread(connection.get_connection_params)
    for name in ("cursor_factory", "context"):  # Django's own, made for its own connections
        parameters.pop(name, None)
    return parameters


def run_job(task: JobContext, job_id: str) -> None:
    """Run one job, if it still waits to be run."""
    carry(UUID(job_id), task.additional_context["pool"])


def carry(job_id: UUID, pool: ChildPool) -> None:
    """Claim a queued job and run it in a child of `pool`; nothing happens when it cannot be claimed."""
    job = run_services.job_claim(job_id=job_id)
    release_connection()
    if job is not None:
        _run(job, pool)


def run_member(task: JobContext, user_id: str | None) -> None:
    """Run the next member of a user's batches."""
    member = turns.claim(user_id=UUID(user_id) if user_id else None)
    release_connection()
    if member is not None:
        _run(member, task.additional_context["pool"])


def _run(job: Job, pool: ChildPool) -> None:
    try:
        require_allowed(job)
    except SnapOtterError as error:
        run_services.job_fail(job=job, error=error, duration_ms=0)
        return
    finally:
        release_connection()
    run = runner.start(job, pool)
    if run is not None:
        runner.see_through(run)
