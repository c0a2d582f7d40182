"""The way to a stream: who is let in, and with which headers."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import User
from conftest import Api
from processing.progress.open_streams import open_streams
from processing.tests.queued import queued_job


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """As a server does with every answer."""
    yield
    for stream in open_streams:
        stream.close()


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


@pytest.mark.parametrize(
    "name", ["mine", uuid4(), "ä b", "x" * 128, "2026%2F11%2F24", "2026/11/24", "a%252Fb"]
)
def test_what_is_not_there_yet_can_be_followed(api: Api, alice: User, name: object) -> None:
    assert api.as_user(alice).get(url(name)).status_code == 200


@pytest.mark.parametrize("name", ["x" * 129, "a%00b", "a%0Ab", "%E2%80%AE", "..", "a/progress"])
def test_what_no_job_can_be_called_is_absent(api: Api, alice: User, name: str) -> None:
    answer = api.as_user(alice).get(url(name))
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_head_says_the_same_and_ends(api: Api, alice: User) -> None:
    answer = api.as_user(alice).head(url("mine"))
    assert (answer.status_code, answer.streaming) == (200, False)
    assert answer["Content-Type"] == "text/event-stream"


def test_a_user_who_has_too_many_open_is_told_so(api: Api, alice: User, settings: Settings) -> None:
    settings.MAX_STREAMS_PER_USER = 1
    client = api.as_user(alice)
    assert client.get(url("one")).status_code == 200
    refused = client.get(url("two"), HTTP_ACCEPT="text/event-stream")
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (
        429,
        "TOO_MANY_STREAMS",
        1,
    )
    assert client.head(url("two")).status_code == 200
    for stream in open_streams:
        stream.close()
    assert client.get(url("two")).status_code == 200


def test_without_sign_in_each_address_has_its_own(api: Api, settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    settings.MAX_STREAMS_PER_USER = 1
    answers = [api.get(url("one"), REMOTE_ADDR=f"192.0.2.{host}") for host in (1, 1, 2)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]


def test_it_may_be_opened_300_times_a_minute(api: Api, alice: User) -> None:
    answer = api.as_user(alice).get(url("mine"))
    assert answer["X-RateLimit-Limit"] == "300"
