from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from processing import registry
from processing.engine.checks import check
from processing.engine.request import Limits
from processing.tests.images import (
    BLUE,
    RED,
    make_animation,
    make_file,
    make_image,
    near,
    opened,
    rgb,
    run,
    ssim,
)
from processing.tooling import SettingsError, SourceImage, ToolError
from processing.tools.image.resize import ResizeSettings, box, scaled

BLACK = (0, 0, 0)


def resize(path: Path, **settings: Any) -> Image.Image:
    return opened(run("image/resize", path, settings))


def sized(path: Path, **settings: Any) -> tuple[int, int]:
    return resize(path, **settings).size


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return make_file(tmp_path / "a.jpg", make_image(size=(200, 150), pattern="corners"), quality=95)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"width": 100, "height": 100}, (100, 100)),
        ({"width": 100, "height": 100, "fit": "contain"}, (100, 100)),
        ({"width": 100, "height": 100, "fit": "cover"}, (100, 100)),
        ({"width": 100, "height": 100, "fit": "fill"}, (100, 100)),
        ({"width": 100, "height": 100, "fit": "inside"}, (100, 75)),
        ({"width": 100, "height": 100, "fit": "outside"}, (133, 100)),
        ({"width": 100}, (100, 75)),
        ({"height": 75}, (100, 75)),
        ({"width": 1}, (1, 1)),
        ({"percentage": 50}, (100, 75)),
        ({"percentage": 0.001}, (1, 1)),
        ({"percentage": 150.5}, (301, 226)),
        ({"percentage": 10, "width": 999, "height": 1}, (20, 15)),
        ({"percentage": 200, "withoutEnlargement": True}, (200, 150)),
        ({"width": 400, "withoutEnlargement": True}, (200, 150)),
        ({"width": 400, "height": 100, "fit": "fill", "withoutEnlargement": True}, (200, 100)),
        ({"width": 400, "height": 300, "fit": "cover", "withoutEnlargement": True}, (200, 150)),
        ({"width": 400, "height": 301}, (400, 301)),
    ],
)
def test_sizes(photo: Path, settings: dict[str, Any], size: tuple[int, int]) -> None:
    assert sized(photo, **settings) == size


def test_contain_pads_with_opaque_black(photo: Path) -> None:
    image = resize(photo, width=100, height=100)
    assert near(rgb(image, 0.5, 0.05), BLACK)
    assert near(rgb(image, 0.5, 0.97), BLACK)
    assert near(rgb(image, 0.2, 0.3), RED)
    assert near(rgb(image, 0.8, 0.7), BLUE)


def test_contain_pads_with_nothing_where_there_is_alpha(tmp_path: Path) -> None:
    image = resize(make_file(tmp_path / "a.png", make_image("RGBA")), width=100, height=100)
    assert image.getpixel((99, 2)) == (0, 0, 0, 0)
    assert image.getpixel((99, 50))[3] == 255  # type: ignore[index]


def test_cover_cuts_around_the_centre(photo: Path) -> None:
    image = resize(photo, width=50, height=150, fit="cover")
    assert near(rgb(image, 0.2, 0.2), RED)
    assert near(rgb(image, 0.8, 0.8), BLUE)


def test_cover_shows_what_cutting_after_the_scaling_would(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image(size=(1200, 500), pattern="photo"))
    whole = Image.open(path).resize((480, 200), Image.Resampling.LANCZOS)
    assert ssim(resize(path, width=200, height=200, fit="cover"), whole.crop((140, 0, 340, 200))) > 0.99


def test_cover_that_only_cuts_keeps_the_pixels(tmp_path: Path) -> None:
    original = make_image(size=(60, 51), pattern="noise")
    path = make_file(tmp_path / "a.png", original)
    assert resize(path, width=60, height=50, fit="cover").tobytes() == original.crop((0, 0, 60, 50)).tobytes()


def test_cover_of_a_long_picture_draws_nothing_beyond_the_box(tmp_path: Path) -> None:
    """Scaled as a whole it would be 32,000 pixels wide, more than a WebP can hold."""
    path = make_file(tmp_path / "long.webp", make_image(size=(1600, 20), pattern="photo"))
    assert sized(path, width=400, height=400, fit="cover") == (400, 400)


def test_the_bars_count_as_pixels_of_the_result() -> None:
    settings = ResizeSettings.parse({"width": 16_000, "height": 16_000, "fit": "contain"})
    narrow = SourceImage("png", 1, 1000, 1, has_alpha=False, bytes=1)
    with pytest.raises(ToolError) as caught:
        check(registry.find("resize"), settings, narrow, Limits(max_megapixels=120))
    assert "16000x16000" in str(caught.value.details)


def test_fill_stretches(photo: Path) -> None:
    assert near(rgb(resize(photo, width=30, height=300, fit="fill"), 0.9, 0.9), BLUE)


@pytest.mark.parametrize("fit", ["contain", "cover"])
@pytest.mark.parametrize("size", [(7, 5), (99, 101), (333, 17), (1, 1), (640, 427)])
def test_exact_fits_are_exact_and_leave_no_line_at_the_edge(fit: str, size: tuple[int, int]) -> None:
    """One side of what is laid on the canvas must always be the canvas's own."""
    for source in ((200, 150), (1000, 667), (3, 2), (5000, 3333)):
        settings = ResizeSettings.parse({"width": size[0], "height": size[1], "fit": fit})
        width, height = scaled(settings, source)
        assert width == size[0] or height == size[1]
        assert (width <= size[0] and height <= size[1]) == (fit == "contain" or (width, height) == size)
        assert box(settings, source) == size


def test_shrinking_while_reading_looks_the_same(tmp_path: Path) -> None:
    original = make_image(size=(1600, 1200), pattern="photo")
    path = make_file(tmp_path / "a.jpg", original, quality=95)
    wanted = Image.open(path).resize((200, 150), Image.Resampling.LANCZOS)
    assert ssim(resize(path, width=200), wanted) > 0.98


def test_orientation_counts_before_the_sides(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = make_file(tmp_path / "a.jpg", make_image(size=(1600, 800)), exif=exif)
    assert sized(path, width=200) == (200, 400)
    assert sized(path, percentage=25) == (200, 400)


def test_every_page_of_a_tiff_is_scaled_from_its_own_size(tmp_path: Path) -> None:
    pages = [make_image(size=(80, 40)), make_image(size=(20, 60))]
    path = make_file(tmp_path / "a.tiff", pages[0], save_all=True, append_images=pages[1:])
    image = resize(path, percentage=50)
    image.seek(1)
    assert image.size == (10, 30)


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_animations_stay_animated(tmp_path: Path, extension: str) -> None:
    path = make_animation(tmp_path / f"a.{extension}", loop=2)
    output = run("image/resize", path, {"width": 30})
    assert output.frames == 3
    image = opened(output)
    assert (image.size, image.n_frames) == ((30, 20), 3)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, ""),
        ({"fit": "cover"}, ""),
        ({"width": None, "height": None}, ""),
        ({"width": 0}, "width"),
        ({"width": -5}, "width"),
        ({"width": 16_384}, "width"),
        ({"width": 10.5}, "width"),
        ({"width": "100"}, "width"),
        ({"width": True}, "width"),
        ({"width": [100]}, "width"),
        ({"width": float("nan")}, "width"),
        ({"width": float("inf")}, "width"),
        ({"percentage": 0}, "percentage"),
        ({"percentage": "50"}, "percentage"),
        ({"percentage": float("nan")}, "percentage"),
        ({"percentage": float("inf")}, "percentage"),
        ({"percentage": False}, "percentage"),
        ({"width": 5, "fit": "squeeze"}, "fit"),
        ({"width": 5, "withoutEnlargement": "yes"}, "withoutEnlargement"),
    ],
)
def test_bad_settings_name_the_field(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ResizeSettings.parse(settings)
    assert [problem[0] for problem in caught.value.problems] == [path]


def test_whole_numbers_may_have_a_point() -> None:
    assert ResizeSettings.parse({"width": 100.0}).width == 100


@pytest.mark.parametrize(
    "settings", [{"percentage": 100_000}, {"percentage": 1e300}, {"width": 16_383, "height": 16_383}]
)
def test_a_result_beyond_the_limit_is_refused_before_it_is_made(
    photo: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(ToolError) as caught:
        run("image/resize", photo, settings)
    assert caught.value.code == "IMAGE_TOO_LARGE"
    assert "exceeds maximum size of 120 megapixels" in caught.value.details


def test_a_side_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.webp", Image.new("RGB", (100, 2)))
    with pytest.raises(ToolError) as caught:
        run("image/resize", path, {"percentage": 20_000}, limits=Limits(max_megapixels=0))
    assert caught.value.code == "SIZE_UNSUPPORTED"


def test_there_are_23_social_presets_and_all_are_valid() -> None:
    presets = registry.find("resize").settings_model.model_json_schema()["x-presets"]
    assert len(presets) == 23
    for preset in presets:
        assert ResizeSettings.parse(preset["values"]).fit == "cover"
        assert preset["group"]
        assert preset["name"]
    assert {
        "group": "YouTube",
        "name": "Thumbnail",
        "values": {"width": 1280, "height": 720, "fit": "cover"},
    } in presets
