"""Following a job: what is told, to whom, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.admission import Credential
from accounts.models import ApiKey, Session, User
from conftest import session_of
from processing import events, services
from processing.models import Job
from processing.progress import stream as stream_module
from processing.progress.follower import Follower
from processing.progress.heartbeats import _beats_of
from processing.progress.open_streams import OpenStreams, TooManyStreams, open_streams
from processing.progress.tests.following import decoded, following, stream_of
from processing.run_services import job_claim, job_report
from processing.tests.batches import batch_row, member_row
from processing.tests.queued import carry_queue, queued_job
from snapotter.common import listener
from snapotter.tests.listening import cut_off
from snapotter.tests.waiting import eventually

LONG_AGO = timezone.now() - timedelta(days=1)


@pytest.fixture(autouse=True)
def hearing(transactional_db: None) -> Iterator[None]:
    """As in a process that serves."""
    listener.start()
    eventually(listener.is_connected, "the listener hears")
    yield
    listener.stop()
    assert not events._hub._handlers
    assert not len(open_streams)


@pytest.fixture
def beating(settings: Settings) -> None:
    settings.PROGRESS_HEARTBEAT_S = 0.1


def claimed_job(user: User, **columns: Any) -> Job:
    job = job_claim(job_id=queued_job(user, **columns).pk)
    assert job is not None
    return job


def test_it_tells_how_a_job_is_how_it_goes_on_and_how_it_ended(alice: User) -> None:
    job = queued_job(alice)
    with following(alice, job.pk) as followed:
        assert followed.last["stage"] == "Waiting for a worker, as none is running …"
        carry_queue()
        eventually(lambda: followed.has_ended, "it ends with the job")
    assert [frame["phase"] for frame in followed.frames][-1] == "complete"
    assert followed.last["jobId"] == str(job.pk)


def test_progress_is_told_without_reading_the_row(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job = claimed_job(alice)
    with following(alice, job.pk) as followed:
        monkeypatch.setattr(Follower, "read", lambda self: pytest.fail("it reads"))
        job_report(job=job, progress=0.5, stage="encoding")
        eventually(lambda: followed.last["percent"] == 50, "it tells the progress")
    assert followed.last["stage"] == "Encoding"


def test_who_comes_late_is_told_the_end(alice: User) -> None:
    job = queued_job(alice)
    carry_queue()
    with following(alice, job.pk) as followed:
        eventually(lambda: followed.has_ended, "it ends at once")
    assert [frame["phase"] for frame in followed.frames] == ["complete"]


def test_a_job_can_be_followed_before_it_is_there(alice: User, bob: User) -> None:
    with following(alice, "mine") as followed:
        queued_job(bob, client_job_id="mine")
        queued_job(alice, client_job_id="other")
        job = queued_job(alice, client_job_id="mine")
        eventually(lambda: bool(followed.frames), "it appears")
        carry_queue()
        eventually(lambda: followed.has_ended, "it ends")
    assert {frame["jobId"] for frame in followed.frames} == {"mine"}
    assert followed.last["result"]["jobId"] == str(job.pk)


def test_a_later_job_of_the_same_name_is_another_story(alice: User) -> None:
    job = claimed_job(alice, client_job_id="mine")
    with following(alice, "mine") as followed:
        later = queued_job(alice, client_job_id="mine")
        services.job_cancel(caller=alice, job=later)
        job_report(job=job, progress=0.5, stage="")
        eventually(lambda: followed.last["percent"] == 50, "the first goes on")
    assert {frame["phase"] for frame in followed.frames} == {"processing"}


def test_what_turns_out_to_be_somebody_elses_is_not_told(
    alice: User, bob: User, admin: User, beating: None
) -> None:
    name = uuid4()
    with following(alice, name) as stranger, following(admin, name) as everybodys:
        Job.objects.create(pk=name, type="resize", tool_id="resize", user=bob)
        eventually(lambda: bool(everybodys.frames), "files:all sees it")
        beats = stranger.beats
        eventually(lambda: stranger.beats > beats + 1, "the stranger's goes on, silently")
        assert not stranger.frames


def test_an_id_of_ones_own_may_look_like_ours(alice: User) -> None:
    name = uuid4()
    with following(alice, name) as followed:
        queued_job(alice, client_job_id=str(name))
        eventually(lambda: bool(followed.frames), "it appears")


def test_something_is_sent_at_once_so_that_the_client_knows_it_is_connected(alice: User) -> None:
    with following(alice, "mine") as followed:
        assert (followed.beats, followed.frames) == (1, [])


def test_what_was_missed_while_nothing_was_heard_is_told(alice: User) -> None:
    job = queued_job(alice)
    with following(alice, job.pk) as followed:
        assert cut_off() == 1
        Job.objects.filter(pk=job.pk).update(status="processing", progress=0.7)
        eventually(lambda: followed.last["percent"] == 70, "it reads the row")


def test_an_end_whose_news_was_lost_is_told_with_the_next_heartbeat(alice: User, beating: None) -> None:
    job = queued_job(alice)
    with following(alice, job.pk) as followed:
        listener.stop()
        eventually(lambda: followed.beats > 1, "it has heard of that")
        services.job_cancel(caller=alice, job=job)
        eventually(lambda: followed.has_ended, "it asks")
    assert followed.last["error"] == "Canceled"


def test_a_job_that_appeared_unheard_is_told_with_the_next_heartbeat(alice: User, beating: None) -> None:
    with following(alice, "mine") as followed:
        listener.stop()
        eventually(lambda: followed.beats > 1, "it has heard of that")
        queued_job(alice, client_job_id="mine")
        eventually(lambda: bool(followed.frames), "it asks")


def test_heartbeats_of_many_cost_as_many_queries_as_of_one(
    alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    credentials = [session_credential(alice), key_credential(alice), session_credential(bob)]
    users = [alice, alice, bob]
    pairs = [(user, each) for user, each in zip(users, credentials, strict=True) for _ in range(5)]
    names = ["mine", str(queued_job(alice).pk)]
    followers = [Follower(user=user, credential=each, name=name) for user, each in pairs for name in names]
    for follower in followers:
        follower.read()
    _beats_of(followers)  # settings are read once
    with django_assert_num_queries(4):
        beats = _beats_of(followers)
    assert [beat.is_let_in for beat in beats.values()] == [True] * 30


def test_a_slow_client_gets_the_newest(alice: User) -> None:
    job = claimed_job(alice)
    stream = stream_of(alice, job.pk, session_credential(alice))

    async def follow() -> list[dict[str, Any]]:
        told = aiter(stream)
        first = await anext(told)
        for step in range(1, 9):
            await asyncio.to_thread(job_report, job=job, progress=step / 10, stage="")
        while stream._news is None or stream._news.progress < 0.8:
            await asyncio.sleep(0.01)
        return [decoded(first), decoded(await anext(told))]

    first, second = asyncio.run(follow())
    stream.close()
    assert (first["percent"], second["percent"]) == (0, 80)


def session_credential(user: User) -> Credential:
    return Credential("session", session_id=session_of(user).id)


def key_credential(user: User, **columns: Any) -> Credential:
    key = ApiKey.objects.create(user=user, name="k", key_hash="x", key_prefix="y", **columns)
    return Credential("api_key", key_id=key.pk)


def end_session(user: User) -> None:
    Session.objects.filter(user=user).delete()


def let_session_expire(user: User) -> None:
    Session.objects.filter(user=user).update(expires_at=LONG_AGO)


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def demand_new_password(user: User) -> None:
    User.objects.filter(pk=user.pk).update(must_change_password=True)


def delete_key(user: User) -> None:
    ApiKey.objects.filter(user=user).delete()


def narrow_key(user: User) -> None:
    ApiKey.objects.filter(user=user).update(permissions=["files:own"])


@pytest.mark.parametrize("change", [end_session, let_session_expire, disable, demand_new_password])
def test_it_ends_when_the_session_lets_nobody_in_any_more(alice: User, beating: None, change: Any) -> None:
    with following(alice, queued_job(alice).pk) as followed:
        eventually(lambda: followed.beats > 0, "it goes on")
        change(alice)
        eventually(lambda: followed.has_ended, "it ends")


@pytest.mark.parametrize("change", [delete_key, narrow_key, disable])
def test_it_ends_when_the_key_opens_it_no_more(alice: User, beating: None, change: Any) -> None:
    with following(alice, "mine", credential=key_credential(alice)) as followed:
        eventually(lambda: followed.beats > 1, "it goes on")
        change(alice)
        eventually(lambda: followed.has_ended, "it ends")


def test_it_ends_when_somebody_elses_job_is_not_to_be_seen_any_more(
    alice: User, admin: User, beating: None
) -> None:
    job = claimed_job(alice)
    key = key_credential(admin)
    with following(admin, job.pk, credential=key) as followed, following(alice, job.pk) as hers:
        eventually(lambda: followed.beats > 1, "it goes on")
        ApiKey.objects.filter(user=admin).update(permissions=["tools:use"])
        eventually(lambda: followed.has_ended, "it ends")
        beats = hers.beats
        eventually(lambda: hers.beats > beats + 1, "the owner's goes on")


def test_asking_for_the_session_is_no_activity(alice: User, beating: None) -> None:
    credential = session_credential(alice)
    before = timezone.now() - timedelta(minutes=5)
    Session.objects.update(last_activity=before)
    with following(alice, "mine", credential=credential) as followed:
        eventually(lambda: followed.beats > 2, "it was asked for")
    assert Session.objects.get().last_activity == before


def test_without_sign_in_everybody_is_let_in(alice: User, beating: None, settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    with following(alice, "mine", credential=Credential("anonymous")) as followed:
        eventually(lambda: followed.beats > 2, "it goes on")


def test_it_ends_when_the_job_is_gone(alice: User, beating: None) -> None:
    job = queued_job(alice)
    with following(alice, job.pk) as followed:
        Job.objects.all().delete()  # nobody is told of that
        eventually(lambda: followed.has_ended, "it ends")


def test_it_goes_on_when_the_database_was_away(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job = queued_job(alice)
    read, refused = Follower.read, threading.Event()

    def refuse_once(self: Follower) -> Any:
        if refused.is_set():
            return read(self)
        refused.set()
        raise OperationalError

    with following(alice, job.pk) as followed:
        monkeypatch.setattr(Follower, "read", refuse_once)
        services.job_cancel(caller=alice, job=job)
        assert refused.wait(20)
        cut_off()
        eventually(lambda: followed.has_ended, "it is told")
    assert followed.last["error"] == "Canceled"


def test_every_stream_ends_when_the_server_stops(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = OpenStreams()
    monkeypatch.setattr(stream_module, "open_streams", streams)
    with following(alice, "one") as one, following(alice, "two") as two:
        assert len(streams) == 2
        for each in (one, two):
            each.stream._loop.call_soon_threadsafe(streams.end)
        eventually(lambda: one.has_ended and two.has_ended, "both end")


def test_a_stream_that_begins_while_the_server_stops_ends_at_once() -> None:
    class Late:
        ended = False

        def end(self) -> None:
            self.ended = True

        def close(self) -> None: ...

    streams, late = OpenStreams(), Late()
    streams.end()
    streams.admit(late, whose="alice")
    assert late.ended


def test_a_user_has_so_many_at_a_time_and_no_more(alice: User, bob: User, settings: Settings) -> None:
    settings.MAX_STREAMS_PER_USER = 2
    hers, his = session_credential(alice), session_credential(bob)
    first, second = stream_of(alice, "one", hers), stream_of(alice, "two", hers)
    with pytest.raises(TooManyStreams) as refused:
        stream_of(alice, "three", hers)
    assert (refused.value.status, refused.value.extra) == (429, {"limit": 2})
    stream_of(bob, "one", his).close()
    first.close()
    stream_of(alice, "three", hers).close()
    second.close()


def test_there_may_be_no_limit(alice: User, settings: Settings) -> None:
    settings.MAX_STREAMS_PER_USER = 0
    credential = session_credential(alice)
    for stream in [stream_of(alice, number, credential) for number in range(150)]:
        stream.close()


def test_closing_is_harmless_whenever_it_comes(alice: User) -> None:
    stream = stream_of(alice, "mine", session_credential(alice))
    stream.close()
    stream.close()


def test_a_batch_is_followed_by_its_members(alice: User) -> None:
    batch = batch_row(alice, client_job_id="mine")
    first, second = member_row(batch, "a.jpg", "queued"), member_row(batch, "b.jpg", "queued")
    with following(alice, "mine") as followed:
        assert followed.last["totalFiles"] == 2
        Job.objects.filter(pk=first.pk).update(status="processing")
        eventually(lambda: followed.last.get("currentFile") == "a.jpg", "the first begins")
        Job.objects.filter(pk=first.pk).update(status="completed")
        Job.objects.filter(pk=second.pk).update(status="failed", error="No")
        eventually(lambda: followed.last["completedFiles"] == 2, "both end")
        Job.objects.filter(pk=batch.pk).update(status="completed")
        eventually(lambda: followed.has_ended, "it ends with the batch")
    assert (followed.last["status"], followed.last["failedFiles"]) == ("completed", 1)


def test_steps_of_a_batch_s_members_are_no_news(alice: User) -> None:
    batch = batch_row(alice)
    follower = Follower(user=alice, credential=session_credential(alice), name=str(batch.pk))
    follower.read()
    running = {
        "id": uuid4(),
        "client": "",
        "user": alice.pk,
        "parent": batch.pk,
        "stage": "",
        "cancel": False,
    }
    for progress, status, concerns in (
        (0.0, "processing", True),
        (0.5, "processing", False),
        (1.0, "completed", True),
    ):
        change = events.Change(progress=progress, status=status, **running)
        assert follower.concerns(change) is concerns
