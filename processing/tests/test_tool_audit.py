"""Tool runs in the audit log, for those who want them there."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import user_services
from accounts.models import User
from audit.models import AuditEntry
from conftest import Api
from processing import recovery, run_services
from processing.engine.errors import Canceled
from processing.models import Job, JobStatus
from processing.results import JobResult
from processing.tests.queued import carry_queue, forget_queue
from processing.tests.requests import jpeg, post
from snapotter.common.errors import SnapOtterError
from snapotter.runtime.services import change
from snapotter.tests.waiting import eventually


@pytest.fixture
def turned_on(db: None) -> None:
    change({"auditToolOperations": "true"})


def entries() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="TOOL_EXECUTED").order_by("seq"))


def running_job(user: User | None) -> Job:
    return Job.objects.create(
        type="resize",
        tool_id="resize",
        user=user,
        status=JobStatus.PROCESSING,
        attempts=1,
        input_files=["a/photo.jpg"],
        bytes_in=1234,
    )


def complete(job: Job) -> bool:
    return run_services.job_complete(job=job, result=JobResult(), bytes_out=0, duration_ms=5)


def test_nothing_is_recorded_unless_it_is_turned_on(api: Api, alice: User) -> None:
    assert post(api.as_user(alice), jpeg(), {"width": 50}).status_code == 200
    assert entries() == []


def test_turned_off_it_costs_no_query(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    job = running_job(alice)
    with django_assert_num_queries(1):  # the UPDATE alone, not even a savepoint
        assert complete(job)


def test_a_run_tells_who_what_and_how_it_went(turned_on: None, api: Api, alice: User) -> None:
    content = jpeg()
    answer = post(api.as_user(alice), content, {"width": 50})
    (entry,) = entries()
    details = entry.details or {}
    assert details.pop("durationMs") >= 0
    assert details == {
        "userId": str(alice.pk),
        "username": "alice",
        "jobId": answer.json()["jobId"],
        "toolId": "resize",
        "inputFileCount": 1,
        "totalInputSize": len(content),
        "outputFormat": "jpg",
        "status": "completed",
    }
    assert (entry.actor_id, entry.target_type, entry.target_id) == (alice.pk, "tool", "resize")
    assert (entry.ip_address, str(entry.request_id)) == ("127.0.0.1", answer["X-Request-Id"])


@pytest.mark.parametrize(
    ("error", "status"),
    [(SnapOtterError("It is damaged", code="invalid_image"), "failed"), (Canceled(), "canceled")],
)
def test_a_run_without_a_result_is_recorded_too(
    turned_on: None, alice: User, error: SnapOtterError, status: str
) -> None:
    run_services.job_fail(job=running_job(alice), error=error, duration_ms=5)
    (entry,) = entries()
    assert entry.details is not None
    assert (entry.details["status"], entry.details["outputFormat"]) == (status, None)


def test_a_run_that_ended_elsewhere_is_not_recorded_twice(turned_on: None, alice: User) -> None:
    job = running_job(alice)
    assert complete(job)
    assert not complete(job)
    assert len(entries()) == 1


def test_a_run_that_its_request_left_behind_keeps_address_and_id(
    transactional_db: None, api: Api, alice: User, settings: Settings
) -> None:
    change({"auditToolOperations": "true"})
    settings.SYNC_WAIT_MS = 0
    answer = post(api.as_user(alice), jpeg(), {"width": 50})
    assert answer.status_code == 202
    eventually(lambda: bool(entries()), "the lane thread records the run")
    (entry,) = entries()
    assert (entry.ip_address, str(entry.request_id)) == ("127.0.0.1", answer["X-Request-Id"])
    assert entry.actor_id == alice.pk


def test_a_queued_run_keeps_address_and_id(turned_on: None, api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    carry_queue()
    (entry,) = entries()
    assert (entry.ip_address, str(entry.request_id)) == ("127.0.0.1", answer["X-Request-Id"])
    assert entry.actor_id == alice.pk


def test_a_run_that_is_handed_back_or_lost_keeps_address_and_id(
    turned_on: None, api: Api, alice: User
) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    job = run_services.job_claim(job_id=Job.objects.get().pk)
    assert job is not None
    assert run_services.job_release(job=job)
    lost = run_services.job_claim(job_id=job.pk)
    assert lost is not None
    forget_queue()
    Job.objects.update(lease_until="2026-01-01T00:00:00Z")
    recovery.sweep()
    carry_queue()
    (entry,) = entries()
    assert (entry.ip_address, str(entry.request_id)) == ("127.0.0.1", answer["X-Request-Id"])


def test_whoever_cancels_for_another_is_not_taken_for_the_one_who_asked(
    turned_on: None, api: Api, alice: User, admin: User
) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async")
    job_id = answer.json()["jobId"]
    canceled = api.as_user(admin).post(f"/api/v1/jobs/{job_id}/cancel", REMOTE_ADDR="192.0.2.9")
    assert canceled.json() == {"canceled": True}
    (entry,) = entries()
    assert (entry.actor_id, entry.ip_address) == (alice.pk, "127.0.0.1")
    assert str(entry.request_id) == answer["X-Request-Id"]


def test_a_run_whose_user_was_deleted_meanwhile_has_no_actor(
    turned_on: None, alice: User, admin: User
) -> None:
    job = running_job(alice)
    user_services.user_delete(caller=admin, user_id=alice.pk)
    run_services.job_fail(job=job, error=Canceled(), duration_ms=5)
    (entry,) = entries()
    assert (entry.user_id, entry.actor_id, entry.actor_username) == (None, None, "system")


def test_an_abandoned_run_is_its_users(turned_on: None, alice: User) -> None:
    job = running_job(alice)
    Job.objects.filter(pk=job.pk).update(lease_until="2026-01-01T00:00:00Z", attempts=3)
    recovery.sweep()
    (entry,) = entries()
    assert (entry.actor_id, entry.ip_address, entry.request_id) == (alice.pk, None, None)


def test_what_is_made_is_kept_as_long_as_the_setting_says(api: Api, alice: User) -> None:
    def hours_kept() -> Any:
        body = post(api.as_user(alice), jpeg(), {"width": 50}).json()
        job = Job.objects.get(pk=body["jobId"])
        assert job.completed_at is not None
        return job.delete_after and (job.delete_after - job.completed_at).total_seconds() / 3600

    assert hours_kept() == pytest.approx(72, abs=0.1)
    change({"tempFileMaxAgeHours": "0.5"})
    assert hours_kept() == pytest.approx(0.5, abs=0.1)
    change({"tempFileMaxAgeHours": "0"})
    assert hours_kept() is None
