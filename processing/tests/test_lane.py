"""What the fast lane takes, and what it leaves to the queue."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from accounts.models import User
from conftest import Api
from processing.lane import MOST_RUNS, MOST_WORK, FastLane, fast_lane
from processing.tests.lanes import work_of
from processing.tests.requests import jpeg, post

SOMEBODY, SOMEBODY_ELSE = UUID(int=1), UUID(int=2)


@pytest.fixture
def lane() -> Iterator[FastLane]:
    lane = FastLane(2)
    yield lane
    lane.close()


def test_what_is_too_much_for_one_child_is_not_taken(lane: FastLane) -> None:
    assert lane.enter(MOST_WORK + 1, user_id=SOMEBODY) is None
    assert lane.enter(MOST_WORK, user_id=SOMEBODY)


def test_it_is_full_when_its_children_have_enough_ahead(lane: FastLane) -> None:
    first, _ = lane.enter(24, user_id=SOMEBODY), lane.enter(24, user_id=SOMEBODY)
    assert lane.enter(24, user_id=SOMEBODY) is None
    assert lane.enter(1, user_id=SOMEBODY)
    assert first
    lane.leave(first)
    assert lane.enter(24, user_id=SOMEBODY)


def test_whoever_fills_it_keeps_nobody_out(lane: FastLane) -> None:
    while lane.enter(MOST_WORK, user_id=SOMEBODY):
        pass
    assert lane.enter(MOST_WORK, user_id=SOMEBODY_ELSE)
    assert lane.enter(0.1, user_id=SOMEBODY_ELSE) is None


def test_it_is_not_endless_however_many_come(lane: FastLane) -> None:
    taken = [lane.enter(MOST_WORK, user_id=uuid4()) for _ in range(10)]
    assert sum(place is not None for place in taken) == 4


def test_it_takes_only_so_many_however_little_each_is(lane: FastLane) -> None:
    taken = [lane.enter(0.001, user_id=SOMEBODY) for _ in range(MOST_RUNS + 10)]
    assert sum(place is not None for place in taken) == MOST_RUNS
    assert lane.enter(0.001, user_id=SOMEBODY_ELSE)


def test_no_more_enter_at_once_than_there_are_places(lane: FastLane) -> None:
    with ThreadPoolExecutor(8) as executor:
        taken = executor.map(lambda _: lane.enter(10.0, user_id=SOMEBODY), range(100))
    assert sum(place is not None for place in taken) == 2 * MOST_WORK / 10


def test_a_place_is_given_back_however_a_run_ends(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api.as_user(alice)
    post(client, jpeg(), {"width": 50})
    post(client, jpeg(), {"left": 150, "top": 0, "width": 100, "height": 10}, url="/api/v1/tools/image/crop")
    assert work_of(fast_lane()) == []
    monkeypatch.setattr("processing.services.workspace.save_input", lambda *_: 1 / 0)
    assert post(client, jpeg(), {"width": 50}).status_code == 500
    assert work_of(fast_lane()) == []
