"""What waits in the queue is asked for once more when a worker begins it."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Role, User
from accounts.tests.people import create_role
from conftest import LONG_SECONDS, Api, create_user
from processing.models import Job
from processing.tests.batches import pictures, queued_batch, states
from processing.tests.queued import carry_queue, queued_job
from processing.tests.requests import jpeg, stored_results
from snapotter.runtime import store


def turn_off(*tools: str) -> None:
    store.remember({"disabledTools": json.dumps(tools)}, LONG_SECONDS)


def carried(job: Job) -> tuple[str, str]:
    """How it ends, without having made anything."""
    before = stored_results()
    carry_queue()
    job.refresh_from_db()
    assert stored_results() == before
    return job.status, job.error_code


def queued_pipeline(client: Api) -> Job:
    steps = [{"toolId": "rotate"}, {"toolId": "resize", "settings": {"width": 50}}]
    parts = {"pipeline": json.dumps({"steps": steps}), "file": SimpleUploadedFile("a.jpg", jpeg())}
    answer = client.post("/api/v1/pipeline/execute", parts, headers={"Prefer": "respond-async"})
    return Job.objects.get(pk=answer.json()["jobId"])


def limited_user() -> User:
    return create_user("dave", role=create_role("resizers", "tools:use", tools=only("resize", "rotate")).name)


def only(*tools: str) -> dict[str, object]:
    return {"mode": "tool", "allowed": list(tools)}


def test_a_tool_that_was_turned_off_is_not_run(api: Api, alice: User) -> None:
    single, pipeline = queued_job(alice), queued_pipeline(api.as_user(alice))
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    turn_off("resize")
    assert carried(single) == carried(pipeline) == ("failed", "TOOL_NOT_FOUND")
    assert carried(batch) == ("failed", "ALL_FILES_FAILED")
    assert {member.error_code for member in batch.members.all()} == {"TOOL_NOT_FOUND"}


def test_it_is_told_as_a_new_request_would_be(api: Api, alice: User) -> None:
    single, pipeline = queued_job(alice), queued_pipeline(api.as_user(alice))
    turn_off("resize")
    carry_queue()
    single.refresh_from_db()
    pipeline.refresh_from_db()
    assert single.error == "The tool is not available on this server any more"
    assert pipeline.error == "Step 2: the tool 'resize' was not found"


def test_turned_on_again_it_can_be_retried(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    batch = queued_batch(client, pictures("a.jpg"))
    turn_off("resize")
    carry_queue()
    turn_off()
    again = Job.objects.get(pk=client.post(f"/api/v1/jobs/{batch.pk}/retry").json()["jobId"])
    carry_queue()
    assert states(again) == ["completed"]


def test_a_tool_that_this_version_has_not_is_not_run(alice: User) -> None:
    job = queued_job(alice)
    Job.objects.filter(pk=job.pk).update(type="gone", tool_id="gone")
    assert carried(job) == ("failed", "TOOL_NOT_FOUND")


def test_settings_that_this_version_does_not_take_are_told(alice: User) -> None:
    job = queued_job(alice)
    Job.objects.filter(pk=job.pk).update(settings={"width": "wide"})
    assert carried(job) == ("failed", "INVALID_SETTINGS")


def test_a_tool_that_the_role_has_lost_is_not_run(api: Api) -> None:
    dave = limited_user()
    single, pipeline = queued_job(dave), queued_pipeline(api.as_user(dave))
    Role.objects.filter(name="resizers").update(tool_permissions=only("rotate"))
    assert carried(single) == carried(pipeline) == ("failed", "FORBIDDEN")


def test_a_user_who_may_use_no_tool_any_more(alice: User) -> None:
    job = queued_job(alice)
    User.objects.filter(pk=alice.pk).update(role=create_role("readers", "files:own"))
    assert carried(job) == ("failed", "FORBIDDEN")


def test_a_user_who_was_disabled(api: Api, alice: User) -> None:
    single = queued_job(alice)
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert carried(single) == ("failed", "USER_DISABLED")
    assert {member.error_code for member in batch.members.all()} == {"USER_DISABLED"}


def test_a_user_who_is_gone(alice: User) -> None:
    job = queued_job(alice)
    Job.objects.filter(pk=job.pk).update(user=None)
    assert carried(job) == ("failed", "USER_DISABLED")


@pytest.mark.parametrize("tools", [("crop",), ()])
def test_what_is_still_allowed_is_run(alice: User, tools: tuple[str, ...]) -> None:
    job = queued_job(alice)
    turn_off(*tools)
    carry_queue()
    job.refresh_from_db()
    assert job.status == "completed"
