"""What is said of a pipeline before it runs, from what the tools declare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from processing import registry
from processing.engine import encode
from processing.engine.request import Limits
from processing.engine.track import Step
from processing.pipelines.check import Finding, failures, warnings
from processing.tests.pipelines import Asked, copying
from processing.tooling import SourceImage, Tool

ANIMATION = SourceImage("gif", 300, 200, 5, has_alpha=True, bytes=1)
PHOTO = SourceImage("jpeg", 4000, 3000, 1, has_alpha=False, bytes=1)

Given = Asked | Tool[Any]


def warned(*steps: Given, source: SourceImage | None = None) -> list[Finding]:
    return warnings([step(number, given) for number, given in enumerate(steps, 1)], source, Limits())


def codes(*steps: Given, source: SourceImage | None = None) -> list[tuple[int, str]]:
    return [(warning.step, warning.code) for warning in warned(*steps, source=source)]


def failing(*steps: Given, source: SourceImage | None = None) -> list[Finding]:
    return failures([step(number, given) for number, given in enumerate(steps, 1)], source, Limits())


def failing_codes(*steps: Given, source: SourceImage | None = None) -> list[tuple[int, str]]:
    return [(failure.step, failure.code) for failure in failing(*steps, source=source)]


def step(number: int, given: Given) -> Step:
    tool, settings = (given, {}) if isinstance(given, Tool) else (registry.find(given[0]), given[1])
    return Step(number, tool, tool.settings_model.parse(settings))


def like_rotate(**options: Any) -> Tool[Any]:
    return replace(registry.find("rotate"), **options)


def convert(word: str) -> Asked:
    return "convert", {"format": word}


def resize(**settings: Any) -> Asked:
    return "resize", settings


COMPRESS = ("compress", {"quality": 60})
CROP = ("crop", {"left": 0, "top": 0, "width": 50, "height": 50, "unit": "percent"})
TURN = ("rotate", {"angle": 90})
TILT = ("rotate", {"angle": 30})


@pytest.mark.parametrize("source", [None, PHOTO, ANIMATION])
@pytest.mark.parametrize(
    "steps",
    [
        (TURN,),
        (resize(width=100), CROP, TURN),
        (CROP, resize(width=100), convert("webp"), COMPRESS),
        (TILT, resize(width=250)),
        (resize(percentage=50), resize(percentage=200)),
        (COMPRESS, TURN),
    ],
)
def test_a_sensible_pipeline_is_left_alone(steps: tuple[Given, ...], source: SourceImage | None) -> None:
    assert codes(*steps, source=source) == failing_codes(*steps, source=source) == []


def test_what_the_picture_has_and_a_format_cannot_hold_is_told() -> None:
    lost = [(1, "animation_lost"), (1, "transparency_lost")]
    assert codes(convert("jpg"), TURN, source=ANIMATION) == lost
    assert codes(TURN, convert("tiff"), source=ANIMATION) == [(2, "animation_lost")]
    assert codes(convert("webp"), source=ANIMATION) == []
    assert codes(convert("jpg"), source=PHOTO) == []
    assert codes(convert("jpg")) == []


def test_what_a_later_step_is_there_for_is_told_of_any_picture() -> None:
    spread = like_rotate(id="spread", title="Spread", expects=("animation",))
    cut_out = like_rotate(id="cut-out", title="Cut Out", expects=("alpha",))
    assert codes(convert("jpg"), spread) == [(1, "animation_lost")]
    (warning,) = warned(TURN, convert("jpg"), cut_out)
    assert (warning.step, warning.code) == (2, "transparency_lost")
    assert warning.message == ("Step 2 (Convert) drops the transparency that step 3 (Cut Out) is there for.")
    assert codes(cut_out, spread, convert("jpg")) == []


def test_a_tool_that_takes_something_from_every_picture_is_known_by_its_declaration() -> None:
    flatten = like_rotate(id="flatten", loses=("alpha", "animation"))
    assert codes(flatten, source=ANIMATION) == [(1, "animation_lost"), (1, "transparency_lost")]


def test_enlarging_then_shrinking_is_told() -> None:
    assert codes(resize(percentage=200), TURN, resize(percentage=50)) == [(3, "enlarged_then_shrunk")]
    assert codes(resize(percentage=200), CROP, resize(percentage=50)) == [(3, "enlarged_then_shrunk")]
    assert codes(resize(width=9000), resize(width=500)) == [(2, "enlarged_then_shrunk")]


def test_what_shrinks_a_picture_that_is_as_it_was_is_not_told() -> None:
    half = resize(percentage=50)
    assert codes(resize(percentage=200), half, half) == [(2, "enlarged_then_shrunk")]
    twice = [(2, "enlarged_then_shrunk"), (3, "enlarged_then_shrunk")]
    assert codes(resize(percentage=300), half, half) == twice


def test_what_depends_on_the_picture_is_told_once_it_is_known() -> None:
    steps = resize(width=5000), resize(width=1000)
    assert codes(*steps) == []
    assert codes(*steps, source=PHOTO) == [(2, "enlarged_then_shrunk")]
    assert codes(*steps, source=replace(PHOTO, width=8000, height=6000)) == []


def test_what_depends_on_how_much_a_crop_leaves_is_not_told() -> None:
    assert codes(resize(percentage=200), CROP, resize(width=1000), source=PHOTO) == []


def test_more_canvas_is_no_enlargement() -> None:
    assert codes(TILT, resize(percentage=50)) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((COMPRESS, ("compress", {"quality": 40})), [(2, "lossy_twice")]),
        ((COMPRESS, TURN, convert("webp")), [(3, "lossy_twice")]),
        ((convert("jpg"), TURN, convert("avif")), [(3, "lossy_twice")]),
        ((COMPRESS, convert("png")), [(1, "without_effect")]),
        ((convert("png"), convert("webp")), [(1, "without_effect")]),
        ((convert("webp"), COMPRESS), []),
        ((("compress", {"quality": 100}), COMPRESS), [(1, "without_effect")]),
        ((convert("ico"), convert("png")), []),
        ((convert("png"), COMPRESS, convert("bmp")), [(1, "without_effect"), (2, "without_effect")]),
    ],
)
def test_choosing_twice_how_to_write_is_told(
    steps: tuple[Given, ...], expected: list[tuple[int, str]]
) -> None:
    assert codes(*steps, source=PHOTO) == expected


def test_all_that_do_not_count_are_named() -> None:
    (warning,) = warned(convert("avif"), COMPRESS, convert("jpg"), source=PHOTO)
    assert warning.message == (
        "Step 3 (Convert) alone decides how much detail is given up, whatever step 1 (Convert) and step 2"
        " (Compress) would: the file is written once."
    )


def test_a_step_that_takes_something_from_the_picture_is_not_in_vain() -> None:
    logo = replace(ANIMATION, format="png", frames=1)
    assert codes(convert("jpg"), convert("png"), source=logo) == [(1, "transparency_lost")]
    assert codes(convert("png"), convert("webp"), source=logo) == [(1, "without_effect")]


def test_pages_are_called_pages() -> None:
    scan = replace(PHOTO, format="tiff", frames=3)
    (warning,) = warned(convert("png"), source=scan)
    assert warning.message == "Step 1 (Convert) drops the further pages of the picture."


def test_a_file_between_two_lossy_steps_is_told() -> None:
    mark = copying("mark")
    assert codes(TURN, mark, TURN, source=PHOTO) == [(3, "lossy_twice")]
    assert codes(convert("png"), mark, convert("jpg"), source=PHOTO) == []
    assert codes(COMPRESS, mark, source=PHOTO) == []


def test_a_format_that_a_later_step_does_not_read_is_told() -> None:
    mark = copying("mark", reads=("jpeg",))
    (warning,) = failing(convert("webp"), mark)
    assert (warning.step, warning.code) == (2, "unreadable_format")
    assert "Mark reads JPEG, but this is WebP" in warning.message
    assert failing_codes(convert("jpg"), mark) == []


def test_a_format_that_cannot_be_written_here_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "find_spec", lambda name: None)
    assert failing_codes(TURN, convert("heic")) == [(2, "unwritable_format")]


def test_what_will_be_too_large_is_told() -> None:
    assert failing_codes(resize(width=20, height=16_383, fit="fill"), resize(percentage=2000)) == [
        (2, "too_large")
    ]
    assert failing_codes(resize(percentage=300), resize(percentage=300), source=PHOTO) == [(2, "too_large")]
    wide = replace(PHOTO, width=4000, height=300)
    assert failing_codes(resize(percentage=410), convert("webp"), source=wide) == [(2, "too_large")]
    assert failing_codes(convert("webp"), resize(percentage=410), source=wide) == [(2, "too_large")]
    assert failing_codes(CROP, convert("webp"), resize(percentage=410), source=wide) == []
    assert failing_codes(convert("ico"), resize(percentage=1000), convert("png"), source=PHOTO) == []
