"""What the fast lane takes, and what it leaves to the queue."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest

from accounts.models import User
from conftest import Api
from processing import registry
from processing.lane import MOST_WORK, FastLane, fast_lane, work_of
from processing.tests.requests import jpeg, post
from processing.tooling import SourceImage

RESIZE = registry.find("resize")
PHOTO = SourceImage("jpeg", 6000, 4000, 1, False, 9_000_000)


@pytest.fixture
def lane() -> Iterator[FastLane]:
    lane = FastLane(2)
    yield lane
    lane.close()


def test_a_photo_is_as_much_work_as_it_has_megapixels() -> None:
    assert work_of(PHOTO, RESIZE) == 24
    assert work_of(dataclasses.replace(PHOTO, frames=100), RESIZE) == 2400
    assert work_of(PHOTO, RESIZE, RESIZE) == 48


def test_a_long_drawing_is_work_however_small_it_says_it_is() -> None:
    assert work_of(SourceImage("svg", 10, 10, 1, True, 8_000_000), RESIZE) == 8


def test_a_heavy_tool_is_never_for_the_fast_lane(lane: FastLane) -> None:
    work = work_of(dataclasses.replace(PHOTO, width=1), RESIZE, dataclasses.replace(RESIZE, heavy=True))
    assert work == math.inf
    assert not lane.enter(work)


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
