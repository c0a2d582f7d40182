from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from processing.tests.images import BLUE, RED, make_animation, make_file, make_image, near, opened, rgb, run
from processing.tooling import SettingsError, ToolError
from processing.tools.image.crop import CropSettings

WHOLE = {"left": 0, "top": 0, "width": 200, "height": 150}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return make_file(tmp_path / "a.png", make_image(pattern="corners"))


def crop(path: Path, **settings: Any) -> Image.Image:
    return opened(run("image/crop", path, settings))


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        (WHOLE, (200, 150)),
        ({"left": 10, "top": 20, "width": 30, "height": 40}, (30, 40)),
        ({"left": 199, "top": 149, "width": 1, "height": 1}, (1, 1)),
        ({"left": 0.4, "top": 0.5, "width": 10.5, "height": 9.4}, (11, 9)),
        ({"left": 50, "top": 50, "width": 50, "height": 50, "unit": "percent"}, (100, 75)),
        ({"left": 0, "top": 0, "width": 100, "height": 100, "unit": "percent"}, (200, 150)),
        ({"left": 33.33, "top": 33.33, "width": 66.67, "height": 66.67, "unit": "percent"}, (133, 100)),
    ],
)
def test_sizes(picture: Path, settings: dict[str, Any], size: tuple[int, int]) -> None:
    assert crop(picture, **settings).size == size


def test_it_cuts_at_the_right_place(picture: Path) -> None:
    assert crop(picture, left=0, top=0, width=100, height=75).getcolors() == [(7500, RED)]
    assert crop(picture, left=50, top=50, width=50, height=50, unit="percent").getcolors() == [(7500, BLUE)]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"left": 1}, "CROP_OUTSIDE_IMAGE", "width"),
        ({"top": 1}, "CROP_OUTSIDE_IMAGE", "height"),
        ({"left": 200}, "CROP_OUTSIDE_IMAGE", "left"),
        ({"top": 1e308}, "CROP_OUTSIDE_IMAGE", "top"),
        ({"height": 151}, "CROP_OUTSIDE_IMAGE", "height"),
        ({"width": 1e308}, "CROP_OUTSIDE_IMAGE", "width"),
        ({"width": 0.3}, "CROP_EMPTY", "width"),
        ({"left": 1e308, "unit": "percent"}, "CROP_OUTSIDE_IMAGE", "left"),
        ({"left": 0, "width": 101, "height": 5, "unit": "percent"}, "CROP_OUTSIDE_IMAGE", "width"),
    ],
)
def test_an_area_outside_the_image_names_the_field(
    picture: Path, change: dict[str, Any], code: str, path: str
) -> None:
    with pytest.raises(ToolError) as caught:
        run("image/crop", picture, WHOLE | change)
    assert (caught.value.code, caught.value.path) == (code, path)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"left": -1}, "left"),
        ({"width": 0}, "width"),
        ({"height": -3}, "height"),
        ({"left": "10"}, "left"),
        ({"top": float("nan")}, "top"),
        ({"top": None}, "top"),
        ({"unit": "em"}, "unit"),
    ],
)
def test_bad_settings_name_the_field(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingsError) as caught:
        CropSettings.parse(WHOLE | change)
    assert [problem[0] for problem in caught.value.problems] == [path]


def test_all_four_numbers_are_needed() -> None:
    with pytest.raises(SettingsError) as caught:
        CropSettings.parse({})
    assert {problem[0] for problem in caught.value.problems} == {"left", "top", "width", "height"}


def test_the_area_is_that_of_the_picture_as_it_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = make_file(tmp_path / "a.jpg", make_image(pattern="corners"), exif=exif)
    image = crop(path, left=75, top=0, width=75, height=100)
    assert near(rgb(image, 0.5, 0.5), RED)


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_every_frame_is_cropped(tmp_path: Path, extension: str) -> None:
    path = make_animation(tmp_path / f"a.{extension}")
    output = run("image/crop", path, {"left": 0, "top": 10, "width": 60, "height": 20})
    assert (output.frames, output.width, output.height) == (3, 60, 20)
    assert opened(output).n_frames == 3  # type: ignore[attr-defined]
