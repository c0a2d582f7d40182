from datetime import UTC, datetime, timedelta, timezone

import pytest

from snapotter.common.errors import ValidationFailed
from snapotter.common.wire import Timestamp, WireModel, iso_milliseconds, parse_body


class Sample(WireModel):
    display_name: str
    item_count: int = 0


class Stamped(WireModel):
    created_at: Timestamp


def test_names_are_camel_case_on_the_wire() -> None:
    assert Sample(display_name="a", item_count=2).wire() == {"displayName": "a", "itemCount": 2}
    assert parse_body(Sample, {"displayName": "b"}).display_name == "b"


def test_python_names_are_not_accepted_from_outside() -> None:
    with pytest.raises(ValidationFailed):
        parse_body(Sample, {"display_name": "b"})


def test_what_is_absent_is_told_from_what_is_null() -> None:
    class Limits(WireModel):
        most_bytes: int | None = None
        most_hours: int | None = None

    assert parse_body(Limits, {"mostBytes": None}).given() == {"most_bytes": None}


def test_unknown_members_are_ignored() -> None:
    assert parse_body(Sample, {"displayName": "b", "more": 1}).item_count == 0


@pytest.mark.parametrize(
    "body", [[], "text", 3, None, {"displayName": 3}, {"displayName": "b", "itemCount": "2"}]
)
def test_it_is_strict(body: object) -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse_body(Sample, body)
    assert caught.value.code == "VALIDATION_ERROR"


def test_the_problem_is_named_with_its_path() -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse_body(Sample, {"displayName": "b", "itemCount": True})
    assert caught.value.details[0]["path"] == "itemCount"


def test_timestamps_have_milliseconds_and_a_z() -> None:
    moment = datetime(2026, 5, 4, 3, 2, 1, 987654, tzinfo=UTC)
    assert Stamped(created_at=moment).wire() == {"createdAt": "2026-05-04T03:02:01.987Z"}
    assert iso_milliseconds(moment.astimezone(timezone(timedelta(hours=5)))) == "2026-05-04T03:02:01.987Z"
