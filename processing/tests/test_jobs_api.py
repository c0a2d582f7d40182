"""Own jobs and their files, for the owner alone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.people import key_for, limited_to
from conftest import Api
from processing import workspace
from processing.models import Job
from processing.selectors import own_jobs
from processing.tests.requests import content_of, jpeg, post


def run(api: Api, user: User) -> tuple[Job, dict[str, Any]]:
    body = post(api.as_user(user), jpeg(), {"width": 50}, name="ä photo.jpg").json()
    return Job.objects.get(pk=body["jobId"]), body


def test_a_job_tells_everything_about_itself(api: Api, alice: User) -> None:
    job, _ = run(api, alice)
    body = api.as_user(alice).get(f"/api/v1/jobs/{job.pk}").json()
    assert (body["status"], body["type"], body["progress"]) == ("completed", "resize", 1.0)
    assert body["settings"]["width"] == 50
    assert body["inputs"][0]["filename"] == "ä photo.jpg"
    assert (body["outputs"][0]["width"], body["outputs"][0]["mimeType"]) == (50, "image/jpeg")
    assert body["createdAt"].endswith("Z")
    assert body["expired"] is False
    assert api.get(body["inputs"][0]["downloadUrl"]).status_code == 200


def test_others_do_not_see_it(api: Api, alice: User, bob: User, charlie: User, admin: User) -> None:
    job, _ = run(api, alice)
    for user in (bob, charlie):
        assert api.as_user(user).get(f"/api/v1/jobs/{job.pk}").status_code == 404
        assert api.as_user(user).get("/api/v1/jobs").json()["total"] == 0
    assert api.get(f"/api/v1/jobs/{job.pk}").status_code == 401
    assert api.as_user(admin).get(f"/api/v1/jobs/{job.pk}").status_code == 200  # files:all


def test_without_tools_a_job_of_ones_own_is_as_absent_as_anothers(api: Api, alice: User) -> None:
    _, body = run(api, alice)
    unsigned = body["downloadUrl"].partition("?")[0]
    assert api.with_token(key_for(alice, "tools:use")).get(unsigned).status_code == 200
    assert api.with_token(key_for(alice, "settings:read")).get(unsigned).status_code == 404
    assert not own_jobs(user=limited_to(alice, "settings:read")).exists()


def test_the_list_is_ones_own_newest_first(api: Api, alice: User, bob: User) -> None:
    run(api, bob)
    jobs = [run(api, alice)[0] for _ in range(3)]
    body = api.as_user(alice).get("/api/v1/jobs", {"limit": 2}).json()
    assert [item["id"] for item in body["jobs"]] == [str(jobs[2].pk), str(jobs[1].pk)]
    assert (body["total"], body["page"], body["limit"]) == (3, 1, 2)
    second = api.as_user(alice).get("/api/v1/jobs", {"limit": 2, "page": 2}).json()
    assert [item["id"] for item in second["jobs"]] == [str(jobs[0].pk)]


def test_the_list_can_be_filtered(api: Api, alice: User) -> None:
    run(api, alice)
    client = api.as_user(alice)
    assert client.get("/api/v1/jobs", {"status": "completed", "type": "resize"}).json()["total"] == 1
    assert client.get("/api/v1/jobs", {"status": "failed"}).json()["total"] == 0
    assert client.get("/api/v1/jobs", {"status": "perhaps"}).status_code == 400
    assert client.get("/api/v1/jobs", {"type": "\0"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "page", "limit"),
    [
        ({"page": "0"}, 1, 50),
        ({"page": "abc", "limit": "500"}, 1, 100),
        ({"limit": "-5"}, 1, 1),
        ({"limit": "0"}, 1, 50),
    ],
)
def test_odd_pages_are_put_right(api: Api, alice: User, query: dict[str, str], page: int, limit: int) -> None:
    body = api.as_user(alice).get("/api/v1/jobs", query).json()
    assert (body["page"], body["limit"]) == (page, limit)


def test_the_list_needs_three_queries_however_long(
    api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(4):
        run(api, alice)
    client = api.as_user(alice)
    with django_assert_num_queries(3):  # the session, the rows, their number
        client.get("/api/v1/jobs")


def test_the_owner_needs_no_signature(api: Api, alice: User, charlie: User) -> None:
    _, body = run(api, alice)
    bare = body["downloadUrl"].partition("?")[0]
    assert api.as_user(alice).get(bare).status_code == 200
    assert api.as_user(charlie).get(bare).status_code == 404
    assert api.get(bare).status_code == 404


def test_a_forged_or_expired_signature_opens_nothing(api: Api, alice: User) -> None:
    job, body = run(api, alice)
    path, _, query = body["downloadUrl"].partition("?")
    expires, signature = (part.split("=")[1] for part in query.split("&"))
    for forged in (
        f"{path}?expires={int(expires) + 1}&signature={signature}",
        f"{path}?expires=1&signature={signature}",
        f"{path}?expires={expires}&signature=x",
        f"{path}?expires={expires}",
        f"{path}?expires=%D9%A3&signature={signature}",
        f"{path}?expires={'9' * 5000}&signature={signature}",
        f"{path.replace(str(job.pk), str(uuid.uuid4()))}?{query}",
        f"{path.rsplit('/', 1)[0]}/%C3%A4%20photo.jpg?{query}",
    ):
        assert api.get(forged).status_code == 404, forged


def test_a_download_has_ranges_and_a_validator(api: Api, alice: User) -> None:
    _, body = run(api, alice)
    whole = api.get(body["downloadUrl"])
    part = api.get(body["downloadUrl"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, content_of(part)) == (206, content_of(whole)[:10])
    again = api.get(body["downloadUrl"], headers={"If-None-Match": whole["ETag"]})
    assert again.status_code == 304
    assert whole["Cache-Control"].startswith("private")
    assert api.head(body["downloadUrl"])["Content-Length"] == str(body["processedSize"])


def test_nothing_is_served_inline(api: Api, alice: User) -> None:
    _, body = run(api, alice)
    answer = api.get(body["downloadUrl"])
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("path", ["..%2Fx", "x/..", "x/..%5Cy", "x%00y/z", "x/y%00", "%2e%2e/%2e%2e"])
def test_a_path_as_file_name_is_refused(api: Api, path: str) -> None:
    answer = api.get(f"/api/v1/download/{path}")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_FILENAME")


def test_what_is_gone_is_called_expired(api: Api, alice: User) -> None:
    job, body = run(api, alice)
    workspace.delete_job_files(job.pk)
    answer = api.get(body["downloadUrl"])
    assert (answer.status_code, answer.json()["code"]) == (404, "EXPIRED")
    Job.objects.filter(pk=job.pk).update(delete_after=timezone.now() - timedelta(seconds=1))
    shown = api.as_user(alice).get(f"/api/v1/jobs/{job.pk}").json()
    assert (shown["expired"], shown["outputs"], shown["inputs"]) == (True, [], [])


def test_a_failed_job_says_why(api: Api, alice: User) -> None:
    crop = {"left": 190, "top": 0, "width": 100, "height": 10}
    post(api.as_user(alice), jpeg(), crop, url="/api/v1/tools/image/crop")
    body = api.as_user(alice).get("/api/v1/jobs").json()["jobs"][0]
    assert body["status"] == "failed"
    assert body["errorCode"]
    assert body["error"].startswith("Processing failed: ")
