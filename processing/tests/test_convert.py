from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from processing.engine.checks import check
from processing.engine.execute import execute
from processing.engine.request import InputFile, Limits, RunRequest
from processing.tests.images import make_animation, make_file, make_image, near, opened, rgb, run
from processing.tooling import SettingsError, SourceImage, ToolUnavailable
from processing.tools.image.convert import ConvertSettings, convert


@pytest.mark.parametrize("word", ["jpg", "png", "webp", "avif", "tiff", "gif", "bmp", "ico"])
def test_the_name_is_the_stem_and_the_word(tmp_path: Path, word: str) -> None:
    output = run("image/convert", make_file(tmp_path / "a.png"), {"format": word}, name="My Photo.final.JPEG")
    assert output.name == f"My Photo.final.{word}"


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, "format"),
        ({"format": "exe"}, "format"),
        ({"format": "JPG"}, "format"),
        ({"format": "jpg", "quality": 0}, "quality"),
        ({"format": "jpg", "quality": 101}, "quality"),
        ({"format": "jpg", "quality": "80"}, "quality"),
        ({"format": "jpg", "quality": float("nan")}, "quality"),
        ({"format": "jpg", "quality": 80.5}, "quality"),
    ],
)
def test_bad_settings_name_the_field(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ConvertSettings.parse(settings)
    assert [problem[0] for problem in caught.value.problems] == [path]


def test_quality_of_a_lossless_format_is_ignored(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image(pattern="noise"))
    low, none = (
        run("image/convert", path, {"format": "png", **quality}).bytes for quality in ({"quality": 1}, {})
    )
    assert low == none


@pytest.mark.parametrize("word", ["heic", "heif"])
def test_heic_is_refused_before_anything_runs(word: str) -> None:
    source = SourceImage("png", 10, 10, 1, has_alpha=False, bytes=1)
    with pytest.raises(ToolUnavailable):
        check(convert, ConvertSettings.parse({"format": word}), source, Limits())


@pytest.mark.parametrize("given", ["gif", "webp", "png"])
@pytest.mark.parametrize("wanted", ["gif", "webp", "png", "avif"])
@pytest.mark.parametrize("plays", [0, 1, 3])
def test_animations_keep_frames_durations_and_plays(
    tmp_path: Path, given: str, wanted: str, plays: int
) -> None:
    loop = {"gif": {0: 0, 1: None, 3: 2}}.get(given, {0: 0, 1: 1, 3: 3})[plays]
    path = make_animation(tmp_path / f"a.{given}", loop=loop)
    output = run("image/convert", path, {"format": wanted})
    assert output.frames == 3
    image = opened(output)
    if wanted != "avif":  # AVIF sequences say nothing about it
        assert image.info.get("loop") == {"gif": {0: 0, 1: None, 3: 2}}.get(wanted, {0: 0, 1: 1, 3: 3})[plays]
    durations = []
    for index in range(3):
        image.seek(index)
        image.load()
        durations.append(image.info["duration"])
        bars = [near(rgb(image, (10 * column + 4) / 60, 0.5), (255, 255, 255), 60) for column in range(3)]
        assert bars == [column == index for column in range(3)]
    assert durations == [50, 100, 200]


@pytest.mark.parametrize("wanted", ["gif", "webp", "png"])
def test_what_shows_through_moving_pictures_stays_clear(tmp_path: Path, wanted: str) -> None:
    output = run("image/convert", make_animation(tmp_path / "a.gif", alpha=True), {"format": wanted})
    image = opened(output)
    for index in range(3):
        image.seek(index)
        alpha = image.convert("RGBA").getchannel("A")
        assert alpha.getpixel((0, 0)) == 0
        # Only the first frame's bar lies here, outside the disc: it must be gone again in the second.
        assert alpha.getpixel((1, 20)) == (255 if index == 0 else 0)


@pytest.mark.parametrize("wanted", ["jpg", "bmp", "ico"])
def test_a_still_format_gets_the_first_frame(tmp_path: Path, wanted: str) -> None:
    output = run("image/convert", make_animation(tmp_path / "a.gif"), {"format": wanted})
    assert output.frames == 1
    assert near(rgb(opened(output), 4 / 60, 0.5), (255, 255, 255), 40)


@pytest.mark.parametrize(
    ("wanted", "expected"), [("tiff", True), ("ico", True), ("jpg", False), ("gif", False)]
)
def test_a_preview_is_made_of_what_browsers_cannot_show(tmp_path: Path, wanted: str, expected: bool) -> None:
    path = make_file(tmp_path / "a.png", make_image("RGBA", (2400, 300)))
    (tmp_path / "out").mkdir()
    inputs = (InputFile(path, "a.png"),)
    result = execute(RunRequest("image/convert", {"format": wanted}, inputs, tmp_path / "out", preview=True))
    assert (result.preview is not None) is expected
    if result.preview:
        assert result.preview.name == "preview.webp"
        assert opened(result.preview).size == (1200, 150)


def test_a_preview_that_fails_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError

    monkeypatch.setattr("PIL.Image.Image.thumbnail", fail)
    output = run("image/convert", make_file(tmp_path / "a.png"), {"format": "tiff"}, preview=True)
    assert output.format == "tiff"
