from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from processing.engine.request import Limits
from processing.tests.images import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    make_animation,
    make_file,
    make_image,
    near,
    opened,
    rgb,
    run,
)
from processing.tooling import SettingsError, SourceImage, ToolError
from processing.tools.image import rotate as module
from processing.tools.image.rotate import RotateSettings


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return make_file(tmp_path / "a.png", make_image(pattern="corners"))


def rotate(path: Path, **settings: Any) -> Image.Image:
    return opened(run("image/rotate", path, settings))


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Clockwise from the top left."""
    return [rgb(image, x, y) for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [RED, GREEN, BLUE, YELLOW]),
        ({"angle": 90}, [YELLOW, RED, GREEN, BLUE]),
        ({"angle": 180}, [BLUE, YELLOW, RED, GREEN]),
        ({"angle": 270}, [GREEN, BLUE, YELLOW, RED]),
        ({"angle": -90}, [GREEN, BLUE, YELLOW, RED]),
        ({"angle": 450}, [YELLOW, RED, GREEN, BLUE]),
        ({"angle": 3.6e6}, [RED, GREEN, BLUE, YELLOW]),
        ({"horizontal": True}, [GREEN, RED, YELLOW, BLUE]),
        ({"vertical": True}, [YELLOW, BLUE, GREEN, RED]),
        ({"horizontal": True, "vertical": True}, [BLUE, YELLOW, RED, GREEN]),
        ({"angle": 90, "horizontal": True}, [RED, YELLOW, BLUE, GREEN]),
    ],
)
def test_quarter_turns_and_mirrors_are_exact(
    picture: Path, settings: dict[str, Any], expected: list[Any]
) -> None:
    image = rotate(picture, **settings)
    assert corners(image) == expected
    assert image.size == ((150, 200) if settings.get("angle", 0) % 180 else (200, 150))
    assert len(image.getcolors() or ()) == 4


@pytest.mark.parametrize(
    ("angle", "size"), [(45, (247, 247)), (-45, (247, 247)), (30, (248, 230)), (0.5, (202, 152))]
)
def test_other_angles_enlarge_the_canvas(picture: Path, angle: float, size: tuple[int, int]) -> None:
    image = rotate(picture, angle=angle)
    assert abs(image.width - size[0]) <= 2
    assert abs(image.height - size[1]) <= 2


def test_corners_are_opaque_black(picture: Path) -> None:
    image = rotate(picture, angle=45)
    assert image.mode == "RGB"
    assert image.getpixel((2, 2)) == (0, 0, 0)


def test_corners_are_clear_where_there_is_alpha(tmp_path: Path) -> None:
    image = rotate(make_file(tmp_path / "a.png", make_image("RGBA")), angle=45)
    assert image.getpixel((2, 2)) == (0, 0, 0, 0)


def test_it_turns_clockwise(picture: Path) -> None:
    image = rotate(picture, angle=45)
    assert near(rgb(image, 0.5, 0.1), RED)


@pytest.mark.parametrize("angle", ["90", None, float("nan"), float("inf"), [90], True])
def test_bad_angles_are_refused(angle: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        RotateSettings.parse({"angle": angle})
    assert caught.value.problems[0][0] == "angle"


@pytest.mark.parametrize("size", [(40, 30), (41, 30), (41, 31), (1, 1), (1, 200), (333, 7)])
def test_the_size_is_known_before(size: tuple[int, int]) -> None:
    source = SourceImage("png", *size, 1, False, 1)
    for angle in (*range(-360, 361, 15), 0.5, 1.3, 33.333, 89.99, 90.01, 179.5):
        settings = RotateSettings.parse({"angle": angle})
        turned = module.rotate.function(Image.new("L", size), settings, lambda *_: None)
        assert module._output_size(settings, source) == turned.size, angle


def test_a_canvas_beyond_the_limit_is_refused(picture: Path) -> None:
    with pytest.raises(ToolError) as caught:
        run("image/rotate", picture, {"angle": 45}, limits=Limits(max_megapixels=0.03))
    assert caught.value.code == "IMAGE_TOO_LARGE"


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
@pytest.mark.parametrize("angle", [90, 20])
def test_every_frame_turns(tmp_path: Path, extension: str, angle: float) -> None:
    output = run("image/rotate", make_animation(tmp_path / f"a.{extension}", alpha=True), {"angle": angle})
    assert output.frames == 3
    image = opened(output)
    for frame in range(3):
        image.seek(frame)
        assert image.convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]
