"""Hand jobs to the workers. The row in `jobs` is the truth; a queue row carries its id to a worker.

A queue row that is lost is found by the sweep (processing.recovery), one too many finds nothing to claim.
"""

from __future__ import annotations

from typing import Final

from procrastinate.contrib.django import app

from audit import context
from processing.models import Job

QUEUE: Final = "jobs"
RUN_JOB: Final = "run_job"
SINGLE_PRIORITY: Final = 10
"""Above what belongs to a batch: whoever runs one file overtakes whoever runs a thousand."""


def enqueue(job: Job) -> None:
    """Have a worker run the job. Within a transaction it is asked for together with everything else."""
    where = context.current()
    app.configure_task(RUN_JOB, queue=QUEUE, priority=SINGLE_PRIORITY).defer(
        job_id=str(job.pk),
        ip_address=where.ip_address,
        request_id=str(where.request_id) if where.request_id else None,
    )
