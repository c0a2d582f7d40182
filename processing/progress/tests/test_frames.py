"""What a stream says about a job, from its row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from conftest import Api
from processing.engine.errors import Canceled, InternalFailure
from processing.models import Job
from processing.progress.frames import frame_of
from processing.progress.tests.following import decoded
from processing.run_services import job_claim, job_fail
from processing.services import job_cancel
from processing.tests.batches import batch_row, member_row
from processing.tests.queued import carry_queue, hear_of_worker, queued_job
from processing.tests.requests import jpeg, post


def told(job: Job, name: str = "mine") -> dict[str, Any]:
    job.refresh_from_db()
    return decoded(frame_of(job, name).encoded())


def test_a_queued_job_is_being_processed_as_far_as_clients_know(alice: User) -> None:
    frame = {"jobId": "mine", "type": "single", "phase": "processing", "percent": 0}
    queued = queued_job(alice)
    assert told(queued) == frame | {"stage": "Waiting for a worker, as none is running …"}
    hear_of_worker()
    assert told(queued) == frame | {"stage": "Waiting for its turn …"}


def test_a_running_job_says_how_far_it_is(alice: User) -> None:
    job = queued_job(alice)
    Job.objects.filter(pk=job.pk).update(status="processing", progress=0.426, stage="encoding")
    frame = told(job)
    assert (frame["phase"], frame["percent"], frame["stage"]) == ("processing", 42, "Encoding")


def test_a_completed_job_brings_what_the_tool_answers(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}).json()
    frame = told(Job.objects.get())
    result = frame.pop("result")
    assert frame == {"jobId": "mine", "type": "single", "phase": "complete", "percent": 100}
    assert set(result) == set(answer)
    assert (result["jobId"], result["processedSize"]) == (answer["jobId"], answer["processedSize"])
    assert api.get(result["downloadUrl"]).status_code == 200


def test_a_failed_job_brings_the_error_as_it_is_answered(alice: User) -> None:
    job = job_claim(job_id=queued_job(alice).pk)
    assert job is not None
    job_fail(job=job, error=InternalFailure("No", code="odd", details={"at": None}), duration_ms=1)
    frame = told(job)
    assert (frame["phase"], frame["error"], frame["code"]) == ("failed", "No", "odd")
    assert frame["details"] == {"at": None}


def test_a_canceled_job_has_failed(alice: User) -> None:
    job = queued_job(alice)
    job_cancel(caller=alice, job=job)
    frame = told(job)
    assert (frame["phase"], frame["error"], frame["code"]) == ("failed", "Canceled", "canceled")


def test_a_result_that_is_gone_is_a_failure(alice: User) -> None:
    job = queued_job(alice)
    carry_queue()
    Job.objects.filter(pk=job.pk).update(delete_after=timezone.now() - timedelta(seconds=1))
    frame = told(job)
    assert (frame["phase"], frame["code"]) == ("failed", "EXPIRED")
    assert "result" not in frame


@pytest.mark.parametrize("error", [InternalFailure("No", code="odd"), Canceled()])
def test_what_failed_is_told_as_it_failed_also_when_its_files_are_gone(alice: User, error: Any) -> None:
    job = job_claim(job_id=queued_job(alice).pk)
    assert job is not None
    job_fail(job=job, error=error, duration_ms=1)
    Job.objects.filter(pk=job.pk).update(delete_after=timezone.now() - timedelta(seconds=1))
    frame = told(job)
    assert (frame["phase"], frame["error"], frame["code"]) == ("failed", error.message, error.code)


def test_a_batch_counts_its_members(alice: User) -> None:
    batch = batch_row(alice)
    member_row(batch, "a.jpg", "completed")
    member_row(batch, "ä b.jpg", "failed", error="It is damaged")
    member_row(batch, "c.jpg", "processing")
    member_row(batch, "d.jpg", "queued")
    assert told(batch) == {
        "jobId": "mine",
        "type": "batch",
        "status": "processing",
        "totalFiles": 4,
        "completedFiles": 2,
        "failedFiles": 1,
        "errors": [{"filename": "ä b.jpg", "error": "It is damaged"}],
        "currentFile": "c.jpg",
    }


@pytest.mark.parametrize(
    ("status", "members", "expected"),
    [
        ("completed", ["completed", "completed"], "completed"),
        ("completed", ["completed", "failed"], "completed"),
        ("failed", ["failed", "failed"], "failed"),
        ("canceled", ["completed", "canceled"], "completed"),
        ("canceled", ["canceled", "canceled"], "failed"),
    ],
)
def test_a_batch_has_failed_only_when_every_file_has(
    alice: User, status: str, members: list[str], expected: str
) -> None:
    batch = batch_row(alice)
    for number, each in enumerate(members):
        member_row(batch, f"{number}.jpg", each)
    Job.objects.filter(pk=batch.pk).update(status=status)
    frame = told(batch)
    assert frame["status"] == expected
    assert ("result" in frame) == (expected == "completed")


def test_a_large_batch_costs_no_more_queries(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    batch = batch_row(alice)
    for number in range(20):
        member_row(batch, f"{number}.jpg", "failed", error="No")
    with django_assert_num_queries(3):
        frame_of(batch, "mine")
