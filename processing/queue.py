"""Hand jobs to the workers. The row in `jobs` is the truth; a queue row carries its id to a worker.

A queue row that is lost is found by the sweep (processing.recovery), one too many finds nothing to claim.
"""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import get_channel_for_queues

from processing.models import BATCH, Job, JobStatus

QUEUE: Final = "jobs"
RUN_JOB: Final = "run_job"
RUN_MEMBER: Final = "run_member"
SINGLE_PRIORITY: Final = 10
MEMBER_PRIORITY: Final = 0
"""Whoever runs one file overtakes whoever runs a thousand."""
PUT_OFF_SECONDS: Final = 5


def enqueue(job: Job) -> None:
    """Have a worker run the job. Within a transaction it is asked for together with everything else."""
    if job.parent_id is not None:
        enqueue_turn(job.user_id)
        return
    app.configure_task(RUN_JOB, queue=QUEUE, priority=SINGLE_PRIORITY).defer(job_id=str(job.pk))


def enqueue_turn(user_id: UUID | None) -> None:
    """Have a worker run the next member of the user's batches: see processing.batches.turns.

    One turn of a user waits at a time; one that was put off is due now. Within a transaction it is not taken
    before the commit, so that it finds what the transaction inserts.
    """
    with transaction.atomic():
        while not (_hold_turn(user_id) or _add_turn(user_id)):
            pass  # it was taken this very moment, or added


def waiting_batches(user_id: UUID | None) -> QuerySet[Job]:
    """The batches of a user that have members whose turn has not come."""
    waiting = Job.objects.filter(parent=OuterRef("pk"), status=JobStatus.QUEUED, cancel_requested=False)
    return Job.objects.filter(
        Exists(waiting),
        user=user_id,
        type=BATCH,
        status__in=(JobStatus.QUEUED, JobStatus.PROCESSING),
        cancel_requested=False,
    )


def put_off_turn(user_id: UUID | None) -> None:
    """Have a worker look again in some seconds, or as soon as `enqueue_turn` is called."""
    _add_turn(user_id, schedule_in={"seconds": PUT_OFF_SECONDS})


def _hold_turn(user_id: UUID | None) -> bool:
    turns = ProcrastinateJob.objects.filter(queueing_lock=_lock_of(user_id), status="todo")
    turn = turns.select_for_update(of=("self",)).first()
    if turn is not None:
        _announce(turn)
    return turn is not None


def _announce(turn: ProcrastinateJob) -> None:
    """Workers that look while it is held do not see it: with the commit they are told to look again, as they
    are of a new one."""
    (channel,) = get_channel_for_queues()
    payload = json.dumps({"type": "job_inserted", "job_id": turn.pk})
    with connection.cursor() as cursor:
        if turn.scheduled_at is not None:
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE id = %s", [turn.pk])
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])


def _add_turn(user_id: UUID | None, **when: Any) -> bool:
    task = app.configure_task(
        RUN_MEMBER, queue=QUEUE, priority=MEMBER_PRIORITY, queueing_lock=_lock_of(user_id), **when
    )
    try:
        with transaction.atomic():
            task.defer(user_id=str(user_id) if user_id else None)
    except AlreadyEnqueued:
        return False
    return True


def _lock_of(user_id: UUID | None) -> str:
    return f"members of {user_id}"
