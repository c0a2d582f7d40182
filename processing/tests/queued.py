"""Jobs in the queue, and carrying them without a worker: in the test's own thread and transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from processing import queue, worker, workspace
from processing.lane import fast_lane
from processing.models import Job, JobStatus
from processing.tests.requests import jpeg


def queued_job(user: User | None, *, width: int = 50, content: bytes | None = None, **columns: Any) -> Job:
    """A job to resize a picture, stored and enqueued."""
    job = Job(type="resize", tool_id="resize", user=user, settings={"width": width}, **columns)
    file = ContentFile(jpeg() if content is None else content)
    job.input_files = [workspace.save_input(job.id, "photo.jpg", file)]
    job.save(force_insert=True)
    queue.enqueue(job)
    return job


def silent_job(user: User | None, *, attempts: int = 1, **columns: Any) -> Job:
    """A job whose process is not heard of any more; its row of the queue is gone with it."""
    job = queued_job(user, **columns)
    forget_queue()
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.PROCESSING, attempts=attempts, lease_until=timezone.now() - timedelta(seconds=1)
    )
    job.refresh_from_db()
    return job


def carried_ids() -> list[str]:
    """The jobs that rows of the queue wait to carry, in their order."""
    rows = ProcrastinateJob.objects.filter(status="todo").order_by("-priority", "id")
    return [row.args["job_id"] for row in rows]


def hear_of_worker(*, ago: timedelta = timedelta()) -> None:
    """As a worker that lives, or lived so long ago, tells the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s)", [timezone.now() - ago]
        )


def forget_queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def _forget(rows: Sequence[ProcrastinateJob]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [[row.id for row in rows]])


def carry_queue() -> None:
    """What a worker would do until nothing waits any more."""
    while carry_waiting():
        pass


def carry_waiting() -> bool:
    """What a worker would do with all that waits now; False when that is nothing."""
    due = ProcrastinateJob.objects.filter(status="todo", scheduled_at=None)
    rows = list(due.order_by("-priority", "id"))
    _forget(rows)  # and none that came meanwhile
    task = cast(Any, SimpleNamespace(additional_context={"pool": fast_lane().pool}))
    run: dict[str, Callable[..., None]] = {queue.RUN_JOB: worker.run_job, queue.RUN_MEMBER: worker.run_member}
    for row in rows:
        run[row.task_name](task, **row.args)
    return bool(rows)
