"""The way to a stream: who is let in, and with which headers."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import User
from conftest import Api
from processing.tests.queued import queued_job


def url(name: object) -> str:
    return f"/api/v1/jobs/{name}/progress"


def test_it_is_a_stream_of_events(api: Api, alice: User) -> None:
    answer = api.as_user(alice).get(url(queued_job(alice).pk))
    assert (answer.status_code, answer.streaming) == (200, True)
    assert answer["Content-Type"] == "text/event-stream"
    assert (answer["Cache-Control"], answer["X-Accel-Buffering"]) == ("no-cache", "no")
    assert "Content-Encoding" not in answer
    answer.close()


def test_what_an_event_source_asks_for_is_acceptable(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    for name, status in ((queued_job(alice).pk, 200), ("mine", 200)):
        assert client.get(url(name), HTTP_ACCEPT="text/event-stream").status_code == status
    refused = api.get(url("mine"), HTTP_ACCEPT="text/event-stream")
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_REQUIRED")


def test_somebody_elses_job_is_absent(api: Api, alice: User, bob: User, admin: User) -> None:
    job = queued_job(alice, client_job_id="hers")
    assert api.as_user(bob).get(url(job.pk)).status_code == 404
    assert api.as_user(bob).get(url("hers")).status_code == 200  # his own of that name is awaited
    assert api.as_user(admin).get(url(job.pk)).status_code == 200


@pytest.mark.parametrize("name", ["mine", uuid4(), "ä b", "x" * 128])
def test_what_is_not_there_yet_can_be_followed(api: Api, alice: User, name: object) -> None:
    assert api.as_user(alice).get(url(name)).status_code == 200


@pytest.mark.parametrize("name", ["x" * 129, "a%00b", "a%0Ab"])
def test_what_no_job_can_be_called_is_absent(api: Api, alice: User, name: str) -> None:
    answer = api.as_user(alice).get(url(name))
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_head_says_the_same_and_ends(api: Api, alice: User) -> None:
    answer = api.as_user(alice).head(url("mine"))
    assert (answer.status_code, answer.streaming) == (200, False)
    assert answer["Content-Type"] == "text/event-stream"


def test_it_may_be_opened_300_times_a_minute(api: Api, alice: User) -> None:
    answer = api.as_user(alice).get(url("mine"))
    assert answer["X-RateLimit-Limit"] == "300"
