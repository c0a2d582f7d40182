"""`clientJobId`: the name that a client gives its job, to follow and to cancel it before it knows its id."""

from __future__ import annotations

import uuid
from typing import Any, Final
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from conftest import Api
from processing.models import Job
from processing.tests.queued import carry_queue, queued_job
from processing.tests.requests import RESIZE, jpeg


def run(api: Api, user: User, name: str, **headers: str) -> Any:
    parts = {
        "file": SimpleUploadedFile("a.jpg", jpeg()),
        "settings": '{"width": 50}',
        "clientJobId": name,
    }
    return api.as_user(user).post(RESIZE, parts, headers=headers)


def test_a_finished_job_is_answered_with_its_own_id(api: Api, alice: User) -> None:
    body = run(api, alice, "night run").json()
    assert body["jobId"] == str(Job.objects.get(client_job_id="night run").pk)


def test_an_accepted_job_is_answered_with_both(api: Api, alice: User) -> None:
    answer = run(api, alice, "night run", prefer="respond-async")
    job = Job.objects.get()
    assert (answer.status_code, answer.json()) == (
        202,
        {
            "jobId": "night run",
            "progressJobId": "night run",
            "artifactJobId": str(job.pk),
            "async": True,
        },
    )


NAMES: Final = [
    "night run",
    "ä🦦",
    "\U0001f468\u200d\U0001f33e\u00a0\u05e9\u05dc\u05d5\u05dd",
    str(uuid.uuid4()),
    "x" * 128,
    "2026/11/24",
    "/",
    "//a/../b//",
    "cancel",
    "a/progress/b",
    "...",
    "100 %",
    "a%2Fb",
    "a?b=c&d#e;f+g",
    "\\\"'<>{}|^`",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_job_is_found_and_canceled_by_it(api: Api, alice: User, name: str) -> None:
    run(api, alice, name, prefer="respond-async")
    client, address = api.as_user(alice), f"/api/v1/jobs/{quote(name, safe='')}"
    assert client.get(address).json()["id"] == str(Job.objects.get().pk)
    assert client.post(f"{address}/cancel").json() == {"canceled": True}


def test_it_is_its_users_alone(api: Api, alice: User, bob: User, admin: User) -> None:
    run(api, alice, "x")
    for stranger in (bob, admin):
        assert api.as_user(stranger).get("/api/v1/jobs/x").status_code == 404
    bobs = run(api, bob, "x").json()["jobId"]
    assert api.as_user(bob).get("/api/v1/jobs/x").json()["id"] == bobs
    assert api.as_user(alice).get("/api/v1/jobs/x").json()["id"] != bobs


def test_used_again_it_names_the_newest(api: Api, alice: User) -> None:
    run(api, alice, "x")
    newest = run(api, alice, "x").json()["jobId"]
    assert api.as_user(alice).get("/api/v1/jobs/x").json()["id"] == newest


def test_nobody_takes_a_job_by_naming_ones_own_like_it(api: Api, alice: User, bob: User) -> None:
    victim = queued_job(alice)
    run(api, bob, str(victim.pk), prefer="respond-async")
    assert api.as_user(bob).post(f"/api/v1/jobs/{victim.pk}/cancel").json() == {"canceled": True}
    carry_queue()
    victim.refresh_from_db()
    assert victim.status == "completed"
    assert api.as_user(alice).get(f"/api/v1/jobs/{victim.pk}").json()["status"] == "completed"


@pytest.mark.parametrize(
    "name",
    [
        "x" * 129,
        "a\nb",
        "a\tb",
        "a\x00b",
        "\x7f",
        "\u202e",
        "\u2028",
        ".",
        "..",
        "a/cancel",
        "/progress",
        "a/retry",
    ],
)
def test_what_is_no_name_is_refused(api: Api, alice: User, name: str) -> None:
    answer = run(api, alice, name)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert not Job.objects.exists()


def test_an_empty_one_is_none(api: Api, alice: User) -> None:
    body = run(api, alice, "", prefer="respond-async").json()
    assert set(body) == {"jobId", "async"}


def test_a_job_is_found_by_it_in_few_queries(
    api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    name = str(uuid.uuid4())  # which might be a job's id as well
    run(api, alice, name)
    client = api.as_user(alice)
    with django_assert_num_queries(3):
        client.get(f"/api/v1/jobs/{name}")
