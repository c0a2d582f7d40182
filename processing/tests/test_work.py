"""What is asked for: how a row holds it, and about how much it is."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest

from accounts.models import User
from processing import registry
from processing.models import Job
from processing.tooling import SettingsError, SourceImage
from processing.work import PipelineWork, ToolWork, Work

RESIZE, COMPRESS = registry.find("resize"), registry.find("compress")
PHOTO = SourceImage("jpeg", 6000, 4000, 1, False, 9_000_000)


def resized(**settings: Any) -> ToolWork:
    return ToolWork.parse(RESIZE, json.dumps({"width": 3000, **settings}))


def pipeline(user: User, *steps: dict[str, Any]) -> PipelineWork:
    return PipelineWork.parse(json.dumps({"steps": steps}), user=user)


def row_of(work: Work, *, is_batch: bool = False) -> Job:
    if is_batch:
        return Job(type="batch", settings=work.of_batch)
    return Job(type=work.type, tool_id=work.tool_id, settings=work.settings)


class TestMegapixels:
    def test_a_photo_is_as_much_as_it_has(self) -> None:
        assert resized().megapixels(PHOTO) == 24
        assert resized().megapixels(dataclasses.replace(PHOTO, frames=100)) == 2400

    def test_a_long_drawing_is_much_however_small_it_says_it_is(self) -> None:
        assert resized(width=100).megapixels(SourceImage("svg", 10, 10, 1, True, 8_000_000)) == 8

    def test_a_heavy_tool_is_more_than_any_other(self) -> None:
        heavy = dataclasses.replace(resized(), tool=dataclasses.replace(RESIZE, heavy=True))
        assert heavy.megapixels(dataclasses.replace(PHOTO, width=1)) == math.inf

    def test_a_small_picture_that_becomes_large_is_as_much_as_it_becomes(self, alice: User) -> None:
        dot = SourceImage("png", 1, 1, 1, False, 69)
        settings = {"width": 10_000, "height": 9_000, "fit": "fill"}
        assert resized(**settings).megapixels(dot) == 90
        resize = {"toolId": "resize", "settings": settings}
        assert pipeline(alice, {"toolId": "rotate"}, resize).megapixels(dot) == pytest.approx(90)

    def test_a_search_for_a_file_size_writes_the_picture_seven_times(self, alice: User) -> None:
        settings = {"mode": "targetSize", "targetSizeKb": 100}
        assert ToolWork.parse(COMPRESS, json.dumps(settings)).megapixels(PHOTO) == 7 * 24
        assert ToolWork.parse(COMPRESS, "{}").megapixels(PHOTO) == 24
        compress, rotate = {"toolId": "compress", "settings": settings}, {"toolId": "rotate"}
        assert pipeline(alice, rotate, compress).megapixels(PHOTO) == 24 + 7 * 24
        assert pipeline(alice, compress, rotate).megapixels(PHOTO) == 24 + 7 * 24

    def test_of_a_pipeline_every_step_counts(self, alice: User) -> None:
        work = pipeline(
            alice,
            {"toolId": "resize", "settings": {"width": 3000}},
            {"toolId": "rotate"},
            {"toolId": "rotate"},
        )
        assert work.megapixels(PHOTO) == 24 + 6 + 6

    def test_only_the_first_step_reads_the_file(self, alice: User) -> None:
        work = pipeline(alice, {"toolId": "rotate"}, {"toolId": "rotate"})
        assert work.megapixels(SourceImage("svg", 1000, 1000, 1, True, 8_000_000)) == 8 + 1


@pytest.mark.parametrize("is_batch", [False, True])
class TestRow:
    def test_of_a_tool(self, is_batch: bool) -> None:
        row = row_of(resized(), is_batch=is_batch)
        (step,) = row.steps
        assert (step["toolId"], step["settings"]["width"], row.is_pipeline) == ("resize", 3000, False)

    def test_of_a_pipeline_also_of_one_step(self, is_batch: bool, alice: User) -> None:
        row = row_of(pipeline(alice, {"toolId": "rotate"}), is_batch=is_batch)
        assert ([step["toolId"] for step in row.steps], row.is_pipeline) == (["rotate"], True)


@pytest.mark.parametrize("text", ["{", "[]", "NaN", '{"width": NaN}', "[" * 20_000, '"' + "x" * 65_536 + '"'])
def test_settings_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError):
        ToolWork.parse(RESIZE, text)
