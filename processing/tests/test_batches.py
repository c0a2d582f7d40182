"""The life of a batch: whose turn it is, how it ends, canceled or lost in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from accounts.tests.races import together, wait_for_a_waiter
from audit.models import AuditEntry
from conftest import LONG_SECONDS, Api
from processing import queue, recovery, run_services, runner, services
from processing.batches import turns
from processing.batches.ending import batch_advance
from processing.batches.services import members_cancel
from processing.engine.errors import Canceled, InternalFailure
from processing.lane import fast_lane
from processing.models import Job
from processing.results import JobResult, StoredOutput
from processing.tests.batches import BAD, members, pictures, post_batch, queued_batch, states, zip_of
from processing.tests.queued import carry_queue, forget_queue, queued_job
from processing.tests.requests import RESIZE, jpeg, post, stored_results
from snapotter.runtime import store

DONE = JobResult(outputs=[StoredOutput(name="a.jpg", key="somewhere", mime_type="image/jpeg", bytes=7)])


def claim(user: User) -> Job:
    member = turns.claim(user_id=user.pk)
    assert member is not None
    return member


def complete(member: Job) -> bool:
    return run_services.job_complete(job=member, result=DONE, bytes_out=7, duration_ms=1)


def fail(member: Job) -> bool:
    return run_services.job_fail(job=member, error=InternalFailure(), duration_ms=1)


def turns_waiting(*, put_off: bool = False) -> list[Any]:
    turns = ProcrastinateJob.objects.filter(task_name=queue.RUN_MEMBER, scheduled_at__isnull=not put_off)
    return [row.args["user_id"] for row in turns]


def turns_put_off() -> list[Any]:
    return turns_waiting(put_off=True)


def limited_to(limit: int) -> None:
    store.remember({"maxConcurrentJobsPerUser": str(limit)}, LONG_SECONDS)


def test_members_are_run_in_the_order_of_the_upload(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("c.jpg", "a.jpg", "b.jpg"))
    assert [claim(alice).pk for _ in range(3)] == [member.pk for member in members(batch)]
    assert turns.claim(user_id=alice.pk) is None


def test_a_batch_begins_with_its_first_member(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    claim(alice)
    batch.refresh_from_db()
    assert (batch.status, batch.progress) == ("processing", 0.0)
    assert batch.started_at is not None


def test_however_many_batches_one_turn_of_a_user_waits(api: Api, alice: User, bob: User) -> None:
    for _ in range(3):
        queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    queued_batch(api.as_user(bob), pictures("a.jpg"))
    assert turns_waiting() == [str(alice.pk), str(bob.pk)]


def test_whoever_takes_a_turn_goes_to_the_end_of_the_queue(api: Api, alice: User, bob: User) -> None:
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg", "c.jpg"))
    queued_batch(api.as_user(bob), pictures("a.jpg"))
    forget_turn(alice)
    claim(alice)
    assert turns_waiting() == [str(bob.pk), str(alice.pk)]


def test_workers_are_told_of_a_turn_that_was_held_when_they_looked(
    queue_of_its_own: None, api: Api, alice: User
) -> None:
    """Else they would find it at their next look only, as nothing was inserted."""
    queued_batch(api.as_user(alice), pictures("a.jpg"))
    (turn,) = ProcrastinateJob.objects.all()
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as worker:
        worker.execute("LISTEN procrastinate_any_queue_v1")
        queue.enqueue_turn(alice.pk)
        (notice,) = worker.notifies(timeout=10, stop_after=1)
    assert json.loads(notice.payload) == {"type": "job_inserted", "job_id": turn.pk}
    assert turns_waiting() == [str(alice.pk)]


def forget_turn(user: User) -> None:
    """As if a worker had taken the user's turn off the queue."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE args->>'user_id' = %s", [str(user.pk)])


def test_a_single_job_is_before_all_members(api: Api, alice: User, bob: User) -> None:
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    single = queued_job(bob)
    first = ProcrastinateJob.objects.filter(status="todo").order_by("-priority", "id").first()
    assert first is not None
    assert first.args["job_id"] == str(single.pk)


def test_batches_of_one_user_take_turns(api: Api, alice: User) -> None:
    first = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    second = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    assert [claim(alice).parent_id for _ in range(4)] == [first.pk, second.pk, first.pk, second.pk]


def test_progress_counts_what_has_ended(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg", "c.jpg", "d.jpg"))
    complete(claim(alice))
    fail(claim(alice))
    batch.refresh_from_db()
    assert (batch.status, batch.progress, batch.completed_at) == ("processing", 0.5, None)


def test_one_good_member_completes_it(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    fail(claim(alice))
    complete(claim(alice))
    batch.refresh_from_db()
    assert (batch.status, batch.progress, batch.error, batch.bytes_out) == ("completed", 1.0, "", 7)
    assert batch.completed_at is not None


def test_it_has_failed_when_all_have(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    fail(claim(alice))
    fail(claim(alice))
    batch.refresh_from_db()
    assert (batch.status, batch.error_code) == ("failed", "ALL_FILES_FAILED")


def test_it_took_as_long_as_from_its_upload_to_its_last_file(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    Job.objects.filter(pk=batch.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    complete(claim(alice))
    batch.refresh_from_db()
    assert batch.duration_ms is not None
    assert 120_000 <= batch.duration_ms < 180_000


def test_all_results_go_at_the_same_time(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    complete(claim(alice))
    complete(claim(alice))
    batch.refresh_from_db()
    assert {member.delete_after for member in members(batch)} == {batch.delete_after}


def test_what_is_done_does_not_expire_before_the_rest(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_services, "delete_after", lambda: timezone.now() - timedelta(hours=1))
    batch = queued_batch(api.as_user(alice), [("bad.jpg", BAD), *pictures("a.jpg", "b.jpg")])
    complete(claim(alice))
    assert states(batch) == ["failed", "completed", "queued"]
    assert not any(member.is_expired for member in members(batch))


def test_two_members_that_end_at_once_are_both_counted(transactional_db: None, api: Api, alice: User) -> None:
    for _ in range(10):
        batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg", "c.jpg"))
        first, second = claim(alice), claim(alice)
        together(partial(complete, first), partial(fail, second))
        batch.refresh_from_db()
        assert batch.progress == pytest.approx(2 / 3)
        third = claim(alice)
        complete(third)


def test_of_two_last_members_that_end_at_once_one_ends_the_batch(
    transactional_db: None, api: Api, alice: User
) -> None:
    for _ in range(10):
        batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
        first, second = claim(alice), claim(alice)
        assert together(partial(complete, first), partial(complete, second)) == [
            True,
            True,
        ]
        batch.refresh_from_db()
        assert (batch.status, batch.bytes_out) == ("completed", 14)


def test_a_member_is_counted_that_ends_while_another_counts(
    transactional_db: None, api: Api, alice: User
) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    first, second = claim(alice), claim(alice)
    held = threading.Event()

    def ends_while_counted() -> None:
        with transaction.atomic():
            batch_advance(batch_id=batch.pk)  # holds the batch, and has not seen the second member end
            held.set()
            wait_for_a_waiter()

    def ends() -> bool:
        return held.wait(20) and complete(second)

    complete(first)
    together(ends_while_counted, ends)
    batch.refresh_from_db()
    assert batch.status == "completed"


@pytest.mark.parametrize("end", [complete, fail])
def test_an_end_of_which_the_batch_did_not_hear_is_made_good_by_who_tries_again(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch, end: Callable[[Job], bool]
) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    member = claim(alice)
    with monkeypatch.context() as away, pytest.raises(OperationalError):
        away.setattr(run_services, "batch_advance", refuse)
        end(member)
    end(member)
    batch.refresh_from_db()
    assert batch.is_finished


def refuse(**_: Any) -> None:
    raise OperationalError


def test_a_batch_that_has_ended_stays_as_it_is(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    complete(claim(alice))
    batch.refresh_from_db()
    ended = batch.completed_at
    batch_advance(batch_id=batch.pk)
    batch.refresh_from_db()
    assert batch.completed_at == ended


def test_to_cancel_it_ends_what_waits_and_keeps_what_is_done(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    before = stored_results()
    batch = queued_batch(client, pictures("a.jpg", "b.jpg", "c.jpg"))
    carry_one(alice)
    assert client.post(f"/api/v1/jobs/{batch.pk}/cancel").json() == {"canceled": True}
    batch.refresh_from_db()
    assert batch.status == "canceled"
    assert states(batch) == ["completed", "canceled", "canceled"]
    (output,) = client.get(f"/api/v1/jobs/{batch.pk}").json()["outputs"]
    assert zip_of(client.get(output["downloadUrl"])).namelist() == ["a_resize.jpg"]
    assert {path.split("/")[0] for path in stored_results() - before} == {str(members(batch)[0].pk)}
    assert client.post(f"/api/v1/jobs/{batch.pk}/cancel").json() == {"canceled": False}


def carry_one(user: User) -> None:
    """What a worker does with one turn."""
    run = runner.start(claim(user), fast_lane().pool)
    assert run is not None
    runner.drive(run)


def test_a_cancel_that_comes_when_all_members_have_ended_is_too_late(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    member = claim(alice)

    def last_moment(*, batch: Job) -> bool:
        complete(member)
        return members_cancel(batch=batch)

    monkeypatch.setattr(services, "members_cancel", last_moment)
    assert not services.job_cancel(caller=alice, job=batch)
    batch.refresh_from_db()
    assert (batch.status, batch.error, states(batch)) == ("completed", "", ["completed"])


def test_to_cancel_it_stops_what_runs(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    running = claim(alice)
    api.as_user(alice).post(f"/api/v1/jobs/{batch.pk}/cancel")
    assert states(batch) == ["processing", "canceled"]
    assert not run_services.job_report(job=running, progress=0.5, stage="")
    run_services.job_fail(job=running, error=Canceled(), duration_ms=1)
    batch.refresh_from_db()
    assert (batch.status, states(batch)) == ("canceled", ["canceled", "canceled"])


def test_a_canceled_batch_has_no_next_member(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    Job.objects.filter(pk=batch.pk).update(cancel_requested=True)
    assert turns.claim(user_id=alice.pk) is None


def test_the_sweep_finishes_to_cancel(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    Job.objects.filter(pk=batch.pk).update(cancel_requested=True)
    recovery.sweep()
    batch.refresh_from_db()
    assert (batch.status, states(batch)) == ("canceled", ["canceled", "canceled"])


def test_the_sweep_ends_a_batch_whose_members_have(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    Job.objects.filter(parent=batch).update(status="failed")
    recovery.sweep()
    batch.refresh_from_db()
    assert batch.status == "failed"


def test_the_sweep_brings_back_a_lost_turn(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    forget_queue()
    recovery.sweep()
    recovery.sweep()
    assert turns_waiting() == [str(alice.pk)]
    carry_queue()
    assert states(batch) == ["completed", "completed"]


def test_a_member_whose_process_died_is_run_again(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    member = claim(alice)
    forget_queue()
    Job.objects.filter(pk=member.pk).update(lease_until=member.created_at)
    recovery.sweep()
    assert turns_waiting() == [str(alice.pk)]
    carry_queue()
    member.refresh_from_db()
    batch.refresh_from_db()
    assert (member.status, member.attempts, batch.status) == ("completed", 2, "completed")


def test_a_file_that_kills_its_worker_does_not_keep_the_batch(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    member = claim(alice)
    Job.objects.filter(pk=member.pk).update(lease_until=member.created_at, attempts=3)
    recovery.sweep()
    batch.refresh_from_db()
    assert (batch.status, members(batch)[0].error_code) == ("failed", "crashed")


def test_the_batches_of_a_deleted_user_are_canceled(api: Api, alice: User, admin: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    assert api.as_user(admin).delete(f"/api/auth/users/{alice.pk}").status_code == 200
    recovery.sweep()
    batch.refresh_from_db()
    assert (batch.status, states(batch)) == ("canceled", ["canceled"])


def test_more_jobs_than_a_user_may_have_are_refused(api: Api, alice: User, bob: User) -> None:
    limited_to(2)
    queued_job(alice)
    queued_job(alice)
    answer = post(api.as_user(alice), jpeg(), {"width": 50})
    body = answer.json()
    assert (answer.status_code, body["code"], body["activeJobs"], body["limit"]) == (
        429,
        "TOO_MANY_JOBS",
        2,
        2,
    )
    assert post(api.as_user(bob), jpeg(), {"width": 50}).status_code == 200


def test_of_two_at_once_only_as_many_as_may_are_accepted(
    transactional_db: None, api: Api, alice: User
) -> None:
    limited_to(1)
    clients = [api.as_user(alice) for _ in range(2)]
    actions = [
        lambda client=client: post(client, jpeg(), {"width": 50}, prefer="respond-async").status_code
        for client in clients
    ]
    assert sorted(together(*actions)) == [202, 429]


def test_members_beyond_the_limit_wait_until_a_job_ends(api: Api, alice: User) -> None:
    limited_to(1)
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    first = claim(alice)
    forget_queue()
    assert turns.claim(user_id=alice.pk) is None
    assert (turns_waiting(), turns_put_off()) == ([], [str(alice.pk)])
    complete(first)
    assert (turns_waiting(), turns_put_off()) == ([str(alice.pk)], [])
    assert claim(alice).pk != first.pk


def test_members_that_wait_take_no_room_from_single_jobs(api: Api, alice: User) -> None:
    limited_to(1)
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    assert post(api.as_user(alice), jpeg(), {"width": 50}, url=RESIZE).status_code == 200


def test_members_that_run_keep_no_single_job_out(api: Api, alice: User) -> None:
    limited_to(1)
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    claim(alice)
    assert post(api.as_user(alice), jpeg(), {"width": 50}, url=RESIZE).status_code == 200
    assert post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async").status_code == 202
    assert post(api.as_user(alice), jpeg(), {"width": 50}, prefer="respond-async").status_code == 429


def test_members_give_way_to_single_jobs(api: Api, alice: User) -> None:
    limited_to(2)
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg", "c.jpg"))
    claim(alice)
    queued_job(alice)
    assert turns.claim(user_id=alice.pk) is None


def member_that_had_to_wait(api: Api, user: User) -> Job:
    """For the job that is returned."""
    limited_to(1)
    single = queued_job(user)
    queued_batch(api.as_user(user), pictures("a.jpg"))
    forget_queue()
    assert turns.claim(user_id=user.pk) is None
    return single


def test_members_that_had_to_wait_go_on_when_the_limit_is_raised(api: Api, alice: User) -> None:
    single = member_that_had_to_wait(api, alice)
    limited_to(5)
    run_services.job_end_waiting(job=single, error=Canceled())
    assert turns_waiting() == [str(alice.pk)]


def test_their_turn_comes_by_itself_when_there_is_no_limit_any_more(api: Api, alice: User) -> None:
    member_that_had_to_wait(api, alice)
    limited_to(0)
    assert turns_put_off() == [str(alice.pk)]
    forget_turn(alice)
    assert claim(alice).status == "processing"


def test_a_job_that_ends_asks_for_no_turn_that_nobody_needs(api: Api, alice: User, bob: User) -> None:
    limited_to(1)
    queued_batch(api.as_user(bob), pictures("a.jpg"))
    forget_queue()
    run_services.job_end_waiting(job=queued_job(alice), error=Canceled())
    assert turns_waiting() == []


def test_a_limited_batch_ends_as_any_other(api: Api, alice: User) -> None:
    limited_to(1)
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg", "c.jpg"))
    carry_queue()
    assert states(batch) == ["completed"] * 3


def test_members_are_recorded_as_asked_for_from_where_the_batch_was(api: Api, alice: User) -> None:
    store.remember({"auditToolOperations": "true"}, LONG_SECONDS)
    queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    carry_queue()
    entries = list(AuditEntry.objects.filter(action="TOOL_EXECUTED"))
    assert [entry.ip_address for entry in entries] == ["127.0.0.1"] * 2
    assert len({entry.request_id for entry in entries}) == 1


def test_a_batch_of_bad_files_alone_needs_no_worker(api: Api, alice: User) -> None:
    post_batch(api.as_user(alice), [("a.jpg", BAD)], {"width": 50})
    assert Job.objects.get(type="batch").status == "failed"
