"""Find the jobs that were lost with the process, the connection or the queue row that carried them.

Every worker sweeps at its start and every minute after. Sweeps of several workers at once do no harm: every
change is conditional, and a queue row too many finds nothing to claim.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, UUIDField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Now
from procrastinate.contrib.django.models import ProcrastinateJob

from processing import queue
from processing.batches.recovery import batches_recover
from processing.engine.errors import Canceled
from processing.models import BATCH, Job, JobStatus
from processing.periodic import Periodic
from processing.run_services import MAX_ATTEMPTS, job_end_waiting, job_fail, job_give_up, job_requeue

log = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 60.0
STALLED_SECONDS: Final = 60
"""A living worker tells the queue every ten seconds that it lives."""


def sweep() -> None:
    """Queue again or end whatever nobody sees to any more."""
    _delete_stalled_rows()
    _see_to(_silent_jobs(), _recover)
    _see_to(_singles().filter(status=JobStatus.QUEUED, cancel_requested=True), _end_canceled)
    _see_to(_forgotten_jobs(), _put_back)
    batches_recover()


def _see_to(jobs: QuerySet[Job], action: Callable[[Job], object]) -> None:
    """One that goes wrong keeps nobody from the others."""
    for job in jobs.iterator():
        try:
            action(job)
        except Exception:
            log.exception("job %s cannot be recovered; the next sweep may", job.pk)


def _silent_jobs() -> QuerySet[Job]:
    return Job.objects.filter(status=JobStatus.PROCESSING, lease_until__lt=Now())


def _recover(job: Job) -> None:
    if job.cancel_requested:
        job_fail(job=job, error=Canceled(), duration_ms=0)
    elif job.attempts >= MAX_ATTEMPTS:
        if job_give_up(job=job):
            log.error("job %s was running %d times when its process ended", job.pk, job.attempts)
    elif job_requeue(job=job):
        log.warning("job %s was running when its process ended; it is queued again", job.pk)


def _end_canceled(job: Job) -> None:
    job_end_waiting(job=job, error=Canceled())


def _put_back(job: Job) -> None:
    queue.enqueue(job)
    log.warning("job %s was not in the queue any more; it is again", job.pk)


def _forgotten_jobs() -> QuerySet[Job]:
    """Queued, and no row of the queue waits to carry them. If one was taken off it, the worker was killed
    before it claimed the job, or did not receive it.

    NOT IN and not NOT EXISTS: the rows are read once and hashed, also when ten thousand are new and
    PostgreSQL takes them for ten (20 milliseconds instead of 14 seconds).
    """
    carried = ProcrastinateJob.objects.filter(task_name=queue.RUN_JOB, status="todo").values_list(
        Cast(KeyTextTransform("job_id", "args"), UUIDField())
    )
    return _singles().filter(status=JobStatus.QUEUED).exclude(pk__in=carried)


def _singles() -> QuerySet[Job]:
    """What carries itself: neither batches nor their members."""
    return Job.objects.filter(parent=None).exclude(type=BATCH)


def _delete_stalled_rows() -> None:
    """What a worker had taken off the queue when it was killed: so that the jobs count as lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs AS row WHERE status = 'doing' AND NOT EXISTS ("
            "  SELECT 1 FROM procrastinate_workers WHERE id = row.worker_id"
            "  AND last_heartbeat > now() - make_interval(secs => %s))",
            [STALLED_SECONDS],
        )


def sweeper() -> Periodic:
    return Periodic("sweep", sweep, min(LONGEST_SECONDS, settings.JOB_LEASE_S))
