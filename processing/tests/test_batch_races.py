"""Members that end and are canceled at the same time, each on a connection of its own."""

from __future__ import annotations

import pytest

from accounts.models import User
from accounts.tests.races import together
from conftest import Api
from processing import run_services
from processing.batches import turns
from processing.models import FINISHED, Job
from processing.results import JobResult, StoredOutput
from processing.tests.batches import pictures, queued_batch, states

pytestmark = pytest.mark.usefixtures("queue_of_its_own")


def claimed(user: User) -> Job:
    member = turns.claim(user_id=user.pk)
    assert member is not None
    return member


def complete(member: Job) -> bool:
    done = JobResult(outputs=[StoredOutput(name="a.jpg", key="k", mime_type="image/jpeg", bytes=7, crc32=1)])
    return run_services.job_complete(job=member, result=done, bytes_out=7, duration_ms=1)


@pytest.mark.parametrize("attempt", range(5))
def test_a_batch_that_is_canceled_while_its_last_member_ends_tells_what_became_of_it(
    api: Api, alice: User, attempt: int
) -> None:
    client = api.as_user(alice)
    batch = queued_batch(client, pictures("a.jpg"))
    member = claimed(alice)
    _, answer = together(
        lambda: complete(member), lambda: client.post(f"/api/v1/jobs/{batch.pk}/cancel").json()
    )
    batch.refresh_from_db()
    member.refresh_from_db()
    assert member.status in FINISHED
    assert bool(JobResult.load(batch.result).outputs) == (member.status == "completed")
    assert (batch.status, answer) == (member.status, {"canceled": member.status == "canceled"})


def test_a_member_that_is_canceled_while_the_other_ends_keeps_no_batch_open(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    batch = queued_batch(client, pictures("a.jpg", "b.jpg"))
    first = claimed(alice)
    second = Job.objects.get(parent=batch, status="queued")
    together(lambda: complete(first), lambda: client.post(f"/api/v1/jobs/{second.pk}/cancel").status_code)
    batch.refresh_from_db()
    assert states(batch) == ["completed", "canceled"]
    assert batch.status == "completed"
