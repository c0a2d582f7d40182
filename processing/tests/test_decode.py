from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from processing.engine.decode import Frame, Picture, _duration
from processing.engine.inspect import inspect
from processing.engine.request import Limits
from processing.tests.hostile import MAGIC
from processing.tests.images import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    make_animation,
    make_file,
    make_image,
    near,
    rgb,
    run,
    ssim,
)
from processing.tooling import InvalidInput, SourceImage, ToolError, full_size


def picture(path: Path, smallest: tuple[int, int] | None = None) -> Picture:
    return Picture(path, inspect(path, path.name, Limits()), Limits(), smallest)


def frames(path: Path) -> list[Frame]:
    return list(picture(path).frames())


def decoded(path: Path, smallest: tuple[int, int] | None = None) -> Image.Image:
    return picture(path, smallest).first()


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_baked_in(tmp_path: Path, extension: str, orientation: int) -> None:
    upright = make_image(pattern="corners")
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decoded(make_file(tmp_path / f"a.{extension}", stored, exif=exif))
    assert image.size == (200, 150)
    for x, y, colour in ((0.2, 0.2, RED), (0.8, 0.2, GREEN), (0.8, 0.8, BLUE), (0.2, 0.8, YELLOW)):
        assert near(rgb(image, x, y), colour)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", "L"), ("L", "L"), ("LA", "LA"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA")],
)
def test_png_modes(tmp_path: Path, mode: str, expected: str) -> None:
    image = decoded(make_file(tmp_path / "a.png", make_image(mode)))
    assert image.mode == expected
    assert ssim(image, make_image(mode).convert("L")) > 0.99


def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    values = np.tile(np.linspace(0, 65_535, 256).astype(np.uint16), (4, 1))
    image = decoded(make_file(tmp_path / "a.png", Image.fromarray(values)))
    assert image.mode == "L"
    assert np.abs(np.asarray(image)[0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.linspace(0, 1, 256), np.float32),
        (np.linspace(0, 255, 256), np.float32),
        (np.linspace(0, 65_535, 256), np.int32),
        (np.linspace(0, 65_535, 256), np.float32),
    ],
)
def test_floats_and_wide_integers_are_scaled(
    tmp_path: Path, values: NDArray[np.float64], dtype: type
) -> None:
    pixels: NDArray[Any] = np.tile(values.astype(dtype), (4, 1))
    image = decoded(make_file(tmp_path / "a.tiff", Image.fromarray(pixels)))
    assert image.mode == "L"
    assert np.abs(np.asarray(image)[0].astype(int) - np.arange(256)).max() <= 1


def test_a_float_image_of_nan_does_not_fail(tmp_path: Path) -> None:
    pixels = np.full((4, 4), np.nan, np.float32)
    assert decoded(make_file(tmp_path / "a.tiff", Image.fromarray(pixels))).mode == "L"


def test_a_transparent_key_colour_becomes_alpha(tmp_path: Path) -> None:
    image = decoded(make_file(tmp_path / "a.png", make_image(pattern="corners"), transparency=RED))
    assert image.mode == "RGBA"
    assert image.getpixel((10, 10)) == (*RED, 0)
    assert image.getpixel((150, 10)) == (*GREEN, 255)


def test_a_palette_with_alpha_becomes_rgba(tmp_path: Path) -> None:
    paletted = make_image("RGBA", pattern="disc").quantize(64)
    image = decoded(make_file(tmp_path / "a.png", paletted))
    assert image.mode == "RGBA"
    assert image.getpixel((1, 1))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("extension", ["jpg", "tiff"])
def test_cmyk_becomes_rgb(tmp_path: Path, extension: str) -> None:
    image = decoded(make_file(tmp_path / f"a.{extension}", make_image("CMYK", pattern="corners")))
    assert image.mode == "RGB"
    assert near(rgb(image, 0.2, 0.2), RED)
    assert near(rgb(image, 0.8, 0.8), BLUE)


def test_lab_becomes_rgb(tmp_path: Path) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    stored = ImageCms.profileToProfile(make_image(pattern="corners"), srgb, lab, outputMode="LAB")
    image = decoded(make_file(tmp_path / "a.tiff", stored))
    assert image.mode == "RGB"
    assert near(rgb(image, 0.2, 0.2), RED)


@pytest.mark.parametrize(
    ("smallest", "expected"),
    [((100, 75), (200, 150)), ((101, 75), (400, 300)), ((400, 300), (800, 600)), ((801, 601), (1600, 1200))],
)
def test_jpeg_is_shrunk_while_it_is_read_but_never_below_what_is_needed(
    tmp_path: Path, smallest: tuple[int, int], expected: tuple[int, int]
) -> None:
    path = make_file(tmp_path / "a.jpg", make_image(size=(1600, 1200), pattern="photo"))
    image = decoded(path, (smallest[0] * 2 if expected[0] < 1600 else smallest[0], smallest[1]))
    assert image.size == expected
    assert full_size(image) == (1600, 1200)


def test_shrinking_knows_of_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = make_file(tmp_path / "a.jpg", make_image(size=(1600, 400)), exif=exif)
    assert decoded(path, (100, 1600)).size == (400, 1600)
    assert decoded(path, (200, 800)).size == (200, 800)
    assert full_size(decoded(path, (50, 200))) == (400, 1600)


@pytest.mark.parametrize(
    ("extension", "alpha"),
    [
        ("gif", False),
        ("gif", True),
        ("webp", False),
        ("webp", True),
        ("png", False),
        ("png", True),
        ("avif", False),
    ],
)
def test_animations_come_frame_by_frame(tmp_path: Path, extension: str, alpha: bool) -> None:
    found = frames(make_animation(tmp_path / f"a.{extension}", alpha=alpha))
    assert [frame.duration for frame in found] == [50, 100, 200]
    assert {frame.image.mode for frame in found} == {"RGBA" if alpha else "RGB"}
    for index, frame in enumerate(found):
        bars = [near(rgb(frame.image, (10 * column + 4) / 60, 0.5), (255, 255, 255)) for column in range(3)]
        assert bars == [column == index for column in range(3)]


def test_going_through_the_frames_again_starts_anew(tmp_path: Path) -> None:
    film = picture(make_animation(tmp_path / "a.gif"))
    assert len(list(film.frames())) == len(list(film.frames())) == 3


@pytest.mark.parametrize(
    ("extension", "loop", "plays"),
    [
        ("gif", None, 1),
        ("gif", 0, 0),
        ("gif", 2, 3),
        ("webp", 0, 0),
        ("webp", 4, 4),
        ("png", 0, 0),
        ("png", 4, 4),
    ],
)
def test_how_often_an_animation_plays(tmp_path: Path, extension: str, loop: int | None, plays: int) -> None:
    assert picture(make_animation(tmp_path / f"a.{extension}", loop=loop)).kept().plays == plays


def test_a_hidden_default_image_is_no_frame(tmp_path: Path) -> None:
    cover = Image.new("RGB", (60, 40), "black")
    film = [make_image(size=(60, 40), pattern="corners").rotate(180 * turn) for turn in range(2)]
    path = make_file(
        tmp_path / "a.png", cover, save_all=True, append_images=film, default_image=True, duration=40
    )
    assert inspect(path, path.name, Limits()).frames == 2
    assert near(rgb(frames(path)[0].image, 0.2, 0.2), RED)
    assert near(rgb(frames(path)[1].image, 0.2, 0.2), BLUE)


def _overhanging(tmp_path: Path, side: int) -> Path:
    """A GIF of 60x40 whose second frame is green, 80x50, and says to be as large as `side`."""
    first = make_file(tmp_path / "1.gif", Image.new("P", (60, 40))).read_bytes()
    second = make_file(tmp_path / "2.gif", Image.new("RGB", (80, 50), GREEN)).read_bytes()
    table = second[13 : second.index(b"\x2c")][: 3 << (1 + (second[10] & 7))]
    descriptor = struct.pack("<BHHHHB", 0x2C, 0, 0, side, 50 if side == 80 else side, second[10])
    pixels = second[second.index(b"\x2c", 13 + len(table)) + 10 :]
    path = tmp_path / "both.gif"
    path.write_bytes(first.removesuffix(b";") + descriptor + table + pixels)
    return path


def test_a_gif_frame_that_overhangs_its_canvas_is_cut_off(tmp_path: Path) -> None:
    path = _overhanging(tmp_path, 80)
    assert [frame.image.size for frame in picture(path).frames()] == [(60, 40)] * 2
    assert near(rgb(frames(path)[1].image, 0.9, 0.9), GREEN)
    for wanted in ("webp", "gif", "png"):
        assert run("image/convert", path, {"format": wanted}).frames == 2


def test_a_gif_frame_that_outgrows_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"60000x60000 .* exceeds maximum size"):
        frames(_overhanging(tmp_path, 60_000))


@pytest.mark.parametrize(("told", "meant"), [(0, 100), (-5, 100), (1e12, 655_350), (40, 40)])
def test_durations_are_what_every_format_can_hold(tmp_path: Path, told: float, meant: float) -> None:
    image = make_image()
    image.info["duration"] = told
    assert _duration(image) == meant


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico"])
def test_cut_off_files_fail_clearly(tmp_path: Path, extension: str) -> None:
    whole = make_file(tmp_path / f"a.{extension}", make_image(size=(96, 96), pattern="noise")).read_bytes()
    path = tmp_path / "cut"
    for part in (0.05, 0.3, 0.6, 0.9, 0.98):
        path.write_bytes(whole[: int(len(whole) * part)])
        _fails_clearly_or_works(path)


@pytest.mark.parametrize("format_id", [key for key in MAGIC if key != "svg"])
def test_damaged_files_fail_clearly(tmp_path: Path, format_id: str) -> None:
    suffix = {"heif": "avif"}.get(format_id, format_id)
    whole = make_file(tmp_path / f"a.{suffix}", make_image(size=(96, 96), pattern="noise")).read_bytes()
    damage = np.random.default_rng(3)
    path = tmp_path / "damaged"
    for _ in range(60):
        data = bytearray(whole)
        for at in damage.integers(0, len(data), 8):
            data[at] = damage.integers(256)
        path.write_bytes(data)
        _fails_clearly_or_works(path)


def _fails_clearly_or_works(path: Path) -> None:
    limits = Limits(max_megapixels=1)
    try:
        source = inspect(path, path.name, limits)
        list(Picture(path, source, limits).frames())
    except InvalidInput as error:
        assert error.message.startswith("Invalid image: ")
    except ToolError as error:
        assert error.code == "DECODE_FAILED"


def _broken(*args: object, **options: object) -> None:
    raise SyntaxError("cannot parse this")


def test_a_parser_that_gives_up_is_no_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_file(tmp_path / "a.png")
    source = SourceImage("png", 200, 150, 1, has_alpha=False, bytes=1)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", _broken)
    with pytest.raises(ToolError, match="Processing failed") as caught:
        list(Picture(path, source, Limits()).frames())
    assert caught.value.details == "The image is damaged or incomplete: cannot parse this."


def test_heif_is_read_turned_and_cropped_as_it_says(tmp_path: Path) -> None:
    image = decoded(make_file(tmp_path / "a.heic"))
    assert image.size == (64, 48)
    for x, y, colour in ((0.2, 0.2, RED), (0.8, 0.2, GREEN), (0.8, 0.8, BLUE), (0.2, 0.8, YELLOW)):
        assert near(rgb(image, x, y), colour)
