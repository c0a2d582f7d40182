"""How many requests of a web process may wait for workers."""

from __future__ import annotations

from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest

from accounts.models import User
from conftest import Api
from processing.models import Job
from processing.tests.requests import jpeg, post
from processing.waiting import MOST, MOST_OF_A_USER, WaitingRoom, waiting_room

SOMEBODY, SOMEBODY_ELSE = UUID(int=1), UUID(int=2)


def seats(room: WaitingRoom, stack: ExitStack, user_ids: list[UUID]) -> int:
    return sum(stack.enter_context(room.seat(user_id)) for user_id in user_ids)


def test_one_user_does_not_get_all_seats() -> None:
    room = WaitingRoom()
    with ExitStack() as stack:
        assert seats(room, stack, [SOMEBODY] * MOST) == MOST_OF_A_USER < MOST
        assert seats(room, stack, [SOMEBODY_ELSE]) == 1
    assert not room._taken


def test_many_users_do_not_get_more_than_there_are() -> None:
    room = WaitingRoom()
    with ExitStack() as stack:
        assert seats(room, stack, [uuid4() for _ in range(MOST + 10)]) == MOST


def test_a_seat_is_free_again_whatever_happens() -> None:
    room = WaitingRoom()
    for _ in range(MOST + 1):
        with pytest.raises(RuntimeError), room.seat(SOMEBODY) as has_seat:
            assert has_seat
            raise RuntimeError


def test_who_finds_none_is_answered_at_once_and_the_job_goes_on(api: Api, alice: User) -> None:
    dot = {"width": 6000, "height": 6000, "fit": "fill"}  # more than the fast lane takes
    with ExitStack() as stack:
        seats(waiting_room, stack, [alice.pk] * MOST_OF_A_USER)
        answer = post(api.as_user(alice), jpeg((8, 8)), dot)
    assert (answer.status_code, answer.json()["async"]) == (202, True)
    assert Job.objects.get().status == "queued"
