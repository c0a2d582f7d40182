"""News of jobs: who hears what, and waiting for the end of one."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import pytest
from django.db import transaction

from accounts.models import User
from conftest import create_user
from processing import events, run_services, services
from processing.events import Change
from processing.models import Job, JobStatus
from processing.results import JobResult
from processing.tests.queued import queued_job
from snapotter.common import listener
from snapotter.tests.listening import cut_off
from snapotter.tests.waiting import eventually


class News(list[Change | None]):
    """What a handler heard."""


def change(**values: object) -> Change:
    defaults: dict[str, object] = {
        "id": uuid.uuid4(),
        "client": "",
        "user": None,
        "parent": None,
        "status": "processing",
        "progress": 0.5,
        "stage": "encoding",
        "cancel": False,
    }
    return Change.model_validate(defaults | values)


class TestHub:
    def test_only_who_watches_the_job_hears_of_it(self) -> None:
        hub, heard, others = events.Hub(), News(), News()
        news = change()
        watched = hub.watch(events.topic_of_job(news.id), handler=heard.append)
        with watched, hub.watch(events.topic_of_job(uuid.uuid4()), handler=others.append):
            hub.hear(news.model_dump_json())
        assert (heard, others) == ([news], [])

    def test_whoever_watches_by_several_names_hears_once(self) -> None:
        hub, heard = events.Hub(), News()
        news = change(user=uuid.uuid4(), client="night run", parent=uuid.uuid4())
        assert news.user
        assert news.parent
        topics = [
            events.topic_of_job(news.id),
            events.topic_of_job(news.parent),
            events.topic_of_client_id(news.user, "night run"),
        ]
        with hub.watch(*topics, handler=heard.append):
            hub.hear(news.model_dump_json())
        assert heard == [news]

    def test_the_name_that_somebody_else_gave_is_another(self) -> None:
        hub, heard = events.Hub(), News()
        with hub.watch(events.topic_of_client_id(uuid.uuid4(), "x"), handler=heard.append):
            hub.hear(change(user=uuid.uuid4(), client="x").model_dump_json())
        assert heard == []

    def test_everybody_is_told_when_news_may_have_been_missed(self) -> None:
        hub, heard = events.Hub(), News()
        with hub.watch("a", "b", handler=heard.append), hub.watch("c", handler=heard.append):
            hub.hear(None)
        assert heard == [None]  # the same handler, so once

    def test_who_left_hears_nothing_and_is_forgotten(self) -> None:
        hub, heard = events.Hub(), News()
        news = change()
        with hub.watch(events.topic_of_job(news.id), handler=heard.append):
            pass
        hub.hear(news.model_dump_json())
        assert (heard, hub._handlers) == ([], {})

    def test_a_watch_may_begin_and_end_within_a_handler(self) -> None:
        hub, heard = events.Hub(), News()

        def handler(news: Change | None) -> None:
            with hub.watch("other", handler=heard.append):
                heard.append(news)

        news = change()
        with hub.watch(events.topic_of_job(news.id), handler=handler):
            hub.hear(news.model_dump_json())
        assert heard == [news]


@pytest.fixture
def heard(transactional_db: None) -> Iterator[News]:
    """What is heard over a listener of our own of the jobs that their user calls `mine`."""
    news = News()
    user = create_user("heard")
    listener.start()
    try:
        eventually(listener.is_connected, "the listener connects")
        with events.watch(events.topic_of_client_id(user.pk, "mine"), handler=news.append):
            yield news
    finally:
        listener.stop()


def user_heard() -> User:
    return User.objects.get(username="heard")


def test_every_change_of_a_job_is_heard(heard: News) -> None:
    job = queued_job(user_heard(), client_job_id="mine")
    claimed = run_services.job_claim(job_id=job.pk)
    assert claimed
    run_services.job_report(job=claimed, progress=0.25, stage="decoding")
    run_services.job_report(
        job=claimed, progress=0.25, stage="decoding"
    )  # renews the lease, which is no news
    run_services.job_complete(job=claimed, result=JobResult(), bytes_out=0, duration_ms=1)
    eventually(lambda: len(heard) == 4, "four changes")
    assert [(news.status, news.progress, news.stage) for news in heard if news] == [
        ("queued", 0.0, ""),
        ("processing", 0.0, ""),
        ("processing", 0.25, "decoding"),
        ("completed", 1.0, ""),
    ]
    assert {(news.id, news.client, news.user, news.cancel) for news in heard if news} == {
        (job.pk, "mine", user_heard().pk, False)
    }


def test_a_cancel_is_heard(heard: News) -> None:
    job = Job.objects.create(
        type="resize", user=user_heard(), client_job_id="mine", status=JobStatus.PROCESSING, attempts=1
    )
    services.job_cancel(caller=user_heard(), job=job)
    eventually(lambda: len(heard) == 2, "the insert and the cancel")
    assert heard[1] and heard[1].cancel


def test_a_change_that_was_rolled_back_is_not_heard(heard: News) -> None:
    job = queued_job(user_heard(), client_job_id="mine")
    with transaction.atomic():
        Job.objects.filter(pk=job.pk).update(progress=0.5)
        transaction.set_rollback(True)
    Job.objects.filter(pk=job.pk).update(progress=0.75)
    eventually(lambda: len(heard) == 2, "the insert and one change")
    assert heard[1] and heard[1].progress == 0.75


def test_after_a_gap_everybody_is_told_to_look(heard: News) -> None:
    cut_off()
    eventually(lambda: heard == [None, None], "told when it broke, and when it was whole again")


class TestEnd:
    def test_it_is_told_as_soon_as_the_job_ends(self, heard: News) -> None:
        job = queued_job(user_heard())
        claimed = run_services.job_claim(job_id=job.pk)
        assert claimed
        ended: list[Job] = []
        with events.End(job.pk).watched() as end:
            waiting = threading.Thread(target=lambda: ended.append(end.wait(60)))
            waiting.start()
            run_services.job_complete(job=claimed, result=JobResult(), bytes_out=0, duration_ms=1)
            waiting.join(4)  # less than the slow poll would take
        assert [job.status for job in ended] == ["completed"]

    def test_it_returns_the_job_as_it_is_when_time_is_up(self, transactional_db: None, alice: User) -> None:
        job = queued_job(alice)
        with events.End(job.pk).watched() as end:
            assert end.wait(0).status == "queued"

    def test_without_a_listener_it_looks_itself(self, transactional_db: None, alice: User) -> None:
        job = queued_job(alice)
        services.job_cancel(caller=alice, job=job)
        with events.End(job.pk).watched() as end:
            assert end.wait(60).status == "canceled"
