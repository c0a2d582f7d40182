"""What the fast lane takes, and what it leaves to the queue."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest

from accounts.models import User
from conftest import Api
from processing.lane import MOST_WORK, FastLane, fast_lane
from processing.tests.requests import jpeg, post


@pytest.fixture
def lane() -> Iterator[FastLane]:
    lane = FastLane(2)
    yield lane
    lane.close()


def test_what_is_too_much_for_one_child_is_not_taken(lane: FastLane) -> None:
    assert not lane.enter(MOST_WORK + 1)
    assert lane.enter(MOST_WORK)


def test_it_is_full_when_its_children_have_enough_ahead(lane: FastLane) -> None:
    assert all(lane.enter(24) for _ in range(2))
    assert not lane.enter(24)
    assert lane.enter(1)
    lane.leave(24)
    assert lane.enter(24)


def test_no_more_enter_at_once_than_there_are_places(lane: FastLane) -> None:
    with ThreadPoolExecutor(8) as executor:
        taken = sum(executor.map(lane.enter, repeat(10.0, 100)))
    assert taken == 2 * MOST_WORK / 10


def test_a_place_is_given_back_however_a_run_ends(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fast_lane()._work
    client = api.as_user(alice)
    post(client, jpeg(), {"width": 50})
    post(client, jpeg(), {"left": 150, "top": 0, "width": 100, "height": 10}, url="/api/v1/tools/image/crop")
    assert fast_lane()._work == pytest.approx(before)
    monkeypatch.setattr("processing.services.workspace.save_input", lambda *_: 1 / 0)
    assert post(client, jpeg(), {"width": 50}).status_code == 500
    assert fast_lane()._work == pytest.approx(before)
