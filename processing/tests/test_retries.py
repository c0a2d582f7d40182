"""To run again what failed or was canceled, with the files that the server still has."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Role, User
from accounts.tests.people import create_role
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import LONG_SECONDS, Api, create_user
from processing import run_services, workspace
from processing.batches import turns
from processing.cleanup import cleanup
from processing.engine.errors import InternalFailure
from processing.models import Job
from processing.tests.batches import BAD, members, pictures, post_batch, queued_batch, states, zip_of
from processing.tests.queued import carry_queue
from processing.tests.requests import jpeg, post, stored_files
from snapotter.runtime import store

CROP = {"left": 150, "top": 0, "width": 100, "height": 10}


def retry(client: Api, job: Job) -> Any:
    return client.post(f"/api/v1/jobs/{job.pk}/retry")


def retried(client: Api, job: Job) -> Job:
    answer = retry(client, job)
    assert answer.status_code == 202, answer.content
    assert answer.json() == {"jobId": answer.json()["jobId"], "async": True}
    return Job.objects.get(pk=answer.json()["jobId"])


def fail_next(user: User) -> Job:
    """What becomes of a file whose worker breaks down."""
    member = turns.claim(user_id=user.pk)
    assert member is not None
    run_services.job_fail(job=member, error=InternalFailure(), duration_ms=1)
    return member


def batch_with_failures(api: Api, user: User, *, failed: int, done: int = 1) -> Job:
    names = [f"{number}.jpg" for number in range(failed + done)]
    batch = queued_batch(api.as_user(user), pictures(*names))
    for _ in range(failed):
        fail_next(user)
    carry_queue()
    batch.refresh_from_db()
    return batch


def failed_job(api: Api, user: User) -> Job:
    post(api.as_user(user), jpeg(), CROP, url="/api/v1/tools/image/crop")
    return Job.objects.get(type="crop")


def names_in(batch: Job) -> list[str]:
    return [Path(member.input_files[0]).name for member in members(batch)]


def test_the_files_that_failed_become_a_new_batch(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=2)
    client = api.as_user(alice)
    again = retried(client, batch)
    assert (again.settings, names_in(again)) == (batch.settings, ["0.jpg", "1.jpg"])
    assert again.bytes_in == sum(member.bytes_in for member in members(again)) > 0
    carry_queue()
    assert states(again) == ["completed", "completed"]
    (output,) = client.get(f"/api/v1/jobs/{again.pk}").json()["outputs"]
    assert zip_of(client.get(output["downloadUrl"])).namelist() == ["0_resize.jpg", "1_resize.jpg"]
    assert states(batch) == ["failed", "failed", "completed"]


def test_it_tells_what_it_is_to_make_good(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    batch, single = batch_with_failures(api, alice, failed=1), failed_job(api, alice)
    for job in (batch, single):
        again = retried(client, job)
        assert client.get(f"/api/v1/jobs/{again.pk}").json()["retryOf"] == str(job.pk)
        assert client.get(f"/api/v1/jobs/{job.pk}").json()["retryOf"] is None


def test_it_outlives_what_it_is_to_make_good(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    again = retried(api.as_user(alice), batch)
    carry_queue()
    Job.objects.filter(pk=batch.pk).update(created_at=timezone.now() - timedelta(days=31))
    cleanup()
    again.refresh_from_db()
    assert (again.status, again.retry_of, states(again)) == ("completed", None, ["completed"])
    assert not Job.objects.filter(pk=batch.pk).exists()


def test_what_was_canceled_is_run_too(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    batch = queued_batch(client, pictures("a.jpg", "b.jpg"))
    client.post(f"/api/v1/jobs/{batch.pk}/cancel")
    again = retried(client, batch)
    carry_queue()
    assert (states(again), states(batch)) == (["completed"] * 2, ["canceled"] * 2)


def test_what_was_refused_when_it_was_sent_is_not_forgotten(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    batch = queued_batch(client, [("bad.jpg", BAD), *pictures("a.jpg")])
    fail_next(alice)
    again = retried(client, batch)
    carry_queue()
    assert (names_in(again), states(again)) == (["bad.jpg", "a.jpg"], ["failed", "completed"])
    assert members(again)[0].error == members(batch)[0].error


def test_one_that_fails_again_can_be_tried_again(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    again = retried(api.as_user(alice), batch)
    fail_next(alice)
    third = retried(api.as_user(alice), again)
    carry_queue()
    assert states(third) == ["completed"]


def test_a_batch_of_a_pipeline_is_run_through_it_again(api: Api, alice: User) -> None:
    text = '{"steps": [{"toolId": "resize", "settings": {"width": 50}}, {"toolId": "rotate"}]}'
    client = api.as_user(alice)
    post_batch(client, pictures("a.jpg"), url="/api/v1/pipeline/batch", prefer="respond-async", pipeline=text)
    batch = Job.objects.get(type="batch")
    fail_next(alice)
    again = retried(client, batch)
    assert again.settings == batch.settings
    carry_queue()
    assert [(member.type, member.status) for member in members(again)] == [("pipeline", "completed")]


def test_a_single_job_is_run_again_with_its_settings(api: Api, alice: User) -> None:
    job = failed_job(api, alice)
    again = retried(api.as_user(alice), job)
    assert (again.type, again.settings, again.status) == (job.type, job.settings, "queued")
    carry_queue()
    again.refresh_from_db()
    assert (again.status, again.error_code) == ("failed", job.error_code)  # the area is still outside


def test_one_file_of_a_batch_can_be_run_alone(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=2)
    again = retried(api.as_user(alice), members(batch)[1])
    carry_queue()
    again.refresh_from_db()
    assert (again.parent, again.type, again.status) == (None, "resize", "completed")


def test_a_job_is_called_by_its_clients_name_too(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    queued_batch(client, pictures("a.jpg"), clientJobId="night")
    fail_next(alice)
    assert client.post("/api/v1/jobs/night/retry").status_code == 202


@pytest.mark.parametrize(
    ("files", "code"),
    [(pictures("a.jpg"), "NOT_ENDED"), ([("bad.jpg", BAD)], "NOTHING_TO_RETRY")],
)
def test_there_may_be_nothing_to_run(api: Api, alice: User, files: Any, code: str) -> None:
    client = api.as_user(alice)
    post_batch(client, files, {"width": 50}, prefer="respond-async")
    batch = Job.objects.get(type="batch")
    answer = retry(client, batch)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert Job.objects.filter(type="batch").count() == 1


def test_what_is_done_is_not_run_again(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=0)
    for job in (batch, members(batch)[0]):
        answer = retry(api.as_user(alice), job)
        assert (answer.status_code, answer.json()["code"]) == (409, "NOTHING_TO_RETRY")


def test_expired_files_cannot_be_run(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    Job.objects.update(delete_after=timezone.now() - timedelta(seconds=1))
    answer = retry(api.as_user(alice), batch)
    assert (answer.status_code, answer.json()["code"]) == (410, "EXPIRED")


def test_files_that_are_not_there_cannot_be_run(api: Api, alice: User) -> None:
    batch, single = batch_with_failures(api, alice, failed=2), failed_job(api, alice)
    for job in (single, members(batch)[0]):
        workspace.delete_job_files(job.pk)
    assert retry(api.as_user(alice), single).json()["code"] == "EXPIRED"
    again = retried(api.as_user(alice), batch)
    carry_queue()
    assert states(again) == ["failed", "completed"]
    assert members(again)[0].error_code == "EXPIRED"
    workspace.delete_job_files(members(batch)[1].pk)
    before = stored_files()
    assert retry(api.as_user(alice), batch).json()["code"] == "EXPIRED"
    assert stored_files() == before


def test_only_the_owner_may_and_who_sees_all_files(api: Api, alice: User, bob: User, admin: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    assert retry(api.as_user(bob), batch).status_code == 404
    assert retry(api.as_user(admin), batch).status_code == 202
    assert Job.objects.filter(type="batch").latest("created_at").user == admin


@pytest.mark.parametrize("name", [uuid.uuid4(), "nothing", "%00", "%ff", "x" * 400])
def test_there_is_no_such_job(api: Api, alice: User, name: object) -> None:
    assert api.as_user(alice).post(f"/api/v1/jobs/{name}/retry").status_code == 404


def test_a_tool_that_was_turned_off_meanwhile_is_not_run(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    store.remember({"disabledTools": '["resize"]'}, LONG_SECONDS)
    for job in (batch, members(batch)[0]):
        answer = retry(api.as_user(alice), job)
        assert (answer.status_code, answer.json()["code"]) == (404, "TOOL_NOT_FOUND")


def test_a_tool_that_this_version_has_not_is_not_run(api: Api, alice: User) -> None:
    job = failed_job(api, alice)
    Job.objects.filter(pk=job.pk).update(type="gone", tool_id="gone")
    assert retry(api.as_user(alice), job).json()["code"] == "TOOL_NOT_FOUND"


def test_a_tool_that_the_role_no_longer_allows_is_not_run(api: Api) -> None:
    role = create_role("editors", "tools:use", tools={"mode": "tool", "allowed": ["crop"]})
    dave = create_user("dave", role=role.name)
    job = failed_job(api, dave)
    Role.objects.update(tool_permissions={"mode": "tool", "allowed": ["rotate"]})
    answer = retry(api.as_user(dave), job)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_more_files_than_a_batch_may_have_now_are_refused(api: Api, alice: User, settings: Settings) -> None:
    batch = batch_with_failures(api, alice, failed=2)
    settings.MAX_BATCH_SIZE = 1
    assert retry(api.as_user(alice), batch).json()["code"] == "TOO_MANY_FILES"


def test_a_user_with_as_many_jobs_as_one_may_have_waits(api: Api, alice: User) -> None:
    job = failed_job(api, alice)
    store.remember({"maxConcurrentJobsPerUser": "1"}, LONG_SECONDS)
    retried(api.as_user(alice), job)
    before = stored_files()
    assert retry(api.as_user(alice), job).json()["code"] == "TOO_MANY_JOBS"
    assert stored_files() == before


def test_who_asks_twice_at_once_gets_two(transactional_db: None, api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    clients = [api.as_user(alice) for _ in range(2)]
    answers = together(*[lambda client=client: retry(client, batch).status_code for client in clients])
    assert answers == [202, 202]
    carry_queue()
    again = Job.objects.filter(type="batch").exclude(pk=batch.pk)
    assert [states(each) for each in again] == [["completed"]] * 2


def test_it_is_recorded_as_any_run(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    store.remember({"auditToolOperations": "true"}, LONG_SECONDS)
    again = retried(api.as_user(alice), batch)
    carry_queue()
    entry = AuditEntry.objects.get(action="TOOL_EXECUTED", details__jobId=str(members(again)[0].pk))
    assert entry.actor_id == alice.pk


def test_inputs_of_what_failed_are_kept_as_long_as_the_batch(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    cleanup()
    input_of_failed = members(batch)[0].input_files[0]
    assert workspace.storage().exists(input_of_failed)
    Job.objects.update(delete_after=timezone.now() - timedelta(seconds=1))
    cleanup()
    assert not workspace.storage().exists(input_of_failed)


def test_the_new_batch_needs_nothing_of_the_old(api: Api, alice: User) -> None:
    batch = batch_with_failures(api, alice, failed=1)
    again = retried(api.as_user(alice), batch)
    for member in members(batch):
        workspace.delete_job_files(member.pk)
    carry_queue()
    assert states(again) == ["completed"]
