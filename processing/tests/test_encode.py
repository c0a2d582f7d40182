from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from PIL import Image

from processing.engine.encode import check_sides, ensure_writable, target_format
from processing.engine.formats import FORMATS
from processing.tests.images import (
    GREEN,
    RED,
    Pattern,
    make_animation,
    make_file,
    make_image,
    near,
    opened,
    rgb,
    run,
    ssim,
)
from processing.tooling import Encoding, SourceImage, ToolError, ToolUnavailable

INPUTS = ["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "heic", "svg"]
OUTPUTS = ["jpg", "png", "webp", "avif", "tiff", "gif", "bmp", "ico"]


def source(format_id: str) -> SourceImage:
    return SourceImage(format_id, 10, 10, 1, has_alpha=False, bytes=1)


@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("wanted", OUTPUTS)
def test_every_format_becomes_every_other(tmp_path: Path, given: str, wanted: str) -> None:
    path = make_file(tmp_path / f"a.{given}", make_image(size=(64, 64), pattern="corners"))
    output = run("image/convert", path, {"format": wanted})
    assert output.name == f"a.{wanted}"
    colour = RED if given == "svg" else GREEN
    assert near(rgb(opened(output), 0.75, 0.25), colour, 40)


@pytest.mark.parametrize("given", INPUTS)
def test_same_as_input(tmp_path: Path, given: str) -> None:
    path = make_file(tmp_path / f"a.{given}", make_image(size=(64, 64), pattern="corners"))
    output = run("image/rotate", path, {"angle": 180})
    expected = {"jpg": "jpeg", "bmp": "png", "ico": "png", "svg": "png", "heic": "avif"}.get(given, given)
    assert output.format == expected
    assert output.mime_type == f"image/{expected}"
    opened(output)


@pytest.mark.parametrize(
    ("mode", "pattern"), [("L", "gradient"), ("LA", "gradient"), ("RGBA", "disc"), ("P", "corners")]
)
@pytest.mark.parametrize("wanted", OUTPUTS)
def test_every_mode_goes_into_every_format(tmp_path: Path, mode: str, pattern: Pattern, wanted: str) -> None:
    path = make_file(tmp_path / "a.png", make_image(mode, (64, 64), pattern))
    opened(run("image/convert", path, {"format": wanted}))


@pytest.mark.parametrize("wanted", ["jpg", "bmp"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_flattened_on_white(tmp_path: Path, wanted: str, mode: str) -> None:
    image = opened(
        run(
            "image/convert",
            make_file(tmp_path / "a.png", make_image(mode, pattern="disc")),
            {"format": wanted},
        )
    )
    assert near(rgb(image, 0.02, 0.02), (255, 255, 255), 3)
    assert image.mode in {"RGB", "L"}


@pytest.mark.parametrize("wanted", ["png", "webp", "avif", "tiff", "gif", "ico"])
def test_alpha_is_kept_where_it_can_be(tmp_path: Path, wanted: str) -> None:
    path = make_file(tmp_path / "a.png", make_image("RGBA", (64, 64), "disc"))
    image = opened(run("image/convert", path, {"format": wanted})).convert("RGBA")
    assert image.getpixel((1, 1))[3] == 0  # type: ignore[index]
    assert image.getpixel((32, 32))[3] == 255  # type: ignore[index]


def test_png_keeps_true_colour_and_every_value(tmp_path: Path) -> None:
    original = make_image(pattern="noise")
    image = opened(run("image/convert", make_file(tmp_path / "a.tiff", original), {"format": "png"}))
    assert image.mode == "RGB"
    assert image.tobytes() == original.tobytes()


@pytest.mark.parametrize("given", ["tiff", "png"])
def test_lossless_formats_lose_nothing(tmp_path: Path, given: str) -> None:
    original = make_image("RGBA", pattern="noise")
    path = make_file(tmp_path / f"a.{given}", original)
    assert opened(run("image/rotate", path, {"angle": 0})).tobytes() == original.tobytes()


def test_tiff_is_deflated_and_keeps_its_pages(tmp_path: Path) -> None:
    pages = [make_image(size=(64, 48), pattern="corners"), make_image("L", (30, 80))]
    path = make_file(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    output = run("image/rotate", path, {"angle": 90})
    assert (output.name, output.frames) == ("a_rotate.tiff", 2)
    with Image.open(output.path) as image:
        assert image.info["compression"] == "tiff_adobe_deflate"
        assert image.n_frames == 2  # type: ignore[attr-defined]
        assert image.size == (48, 64)
        image.seek(1)
        assert (image.size, image.mode) == ((80, 30), "L")


def test_pages_are_no_animation(tmp_path: Path) -> None:
    pages = [make_image(size=(64, 48)), make_image(size=(30, 80))]
    path = make_file(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    assert run("image/convert", path, {"format": "gif"}).frames == 1
    assert run("image/convert", make_animation(tmp_path / "b.gif"), {"format": "tiff"}).frames == 1


def test_gif_keeps_up_to_256_colours_exactly(tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    original = Image.fromarray(np.stack([values, values[::-1], 255 - values], -1))
    image = opened(run("image/convert", make_file(tmp_path / "a.png", original), {"format": "gif"}))
    assert image.convert("RGB").tobytes() == original.tobytes()


def test_gif_of_a_photo_is_good(tmp_path: Path) -> None:
    original = make_image(size=(400, 300), pattern="photo")
    image = opened(run("image/convert", make_file(tmp_path / "a.png", original), {"format": "gif"}))
    smooth = [picture.convert("RGB").reduce(2) for picture in (original, image)]
    assert ssim(*smooth) > 0.95


def test_jpeg_same_quality_is_high_and_without_chroma_loss(tmp_path: Path) -> None:
    original = make_image(size=(400, 300), pattern="photo")
    path = make_file(tmp_path / "a.jpg", original, quality=100, subsampling=0)
    image = opened(run("image/rotate", path))
    assert image.layer[0][1:3] == (1, 1)  # type: ignore[attr-defined]
    assert ssim(image, original) > 0.98


@pytest.mark.parametrize("wanted", ["jpg", "webp", "avif"])
def test_quality_is_obeyed(tmp_path: Path, wanted: str) -> None:
    path = make_file(tmp_path / "a.png", make_image(size=(400, 300), pattern="photo"))
    sizes = [
        run("image/convert", path, {"format": wanted, "quality": quality}).bytes
        for quality in (1, 40, 80, 100)
    ]
    assert sizes == sorted(set(sizes))


def test_an_icon_has_all_usual_sizes_and_is_square(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image(size=(800, 400), pattern="corners"))
    image = opened(run("image/convert", path, {"format": "ico"}))
    assert {side for side, _ in image.info["sizes"]} == {16, 24, 32, 48, 64, 128, 256}
    assert image.size == (256, 256)
    assert image.convert("RGBA").getpixel((128, 10))[3] == 0  # type: ignore[index]
    assert near(rgb(image, 0.25, 0.4), RED)


@pytest.mark.parametrize("wanted", OUTPUTS)
def test_one_pixel_is_enough(tmp_path: Path, wanted: str) -> None:
    path = make_file(tmp_path / "a.png", Image.new("RGB", (1, 1), "red"))
    assert near(rgb(opened(run("image/convert", path, {"format": wanted})), 0, 0), RED)


@pytest.mark.parametrize(
    ("given", "same"), [("jpeg", "jpeg"), ("heif", "avif"), ("svg", "png"), ("bmp", "png"), ("ico", "png")]
)
def test_target_format(given: str, same: str) -> None:
    assert target_format(Encoding(), source(given)).id == same
    assert target_format(Encoding(format="jpg"), source(given)).id == "jpeg"


def test_heic_needs_an_encoder_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ToolUnavailable, match="pillow-heif") as caught:
        ensure_writable("heif")
    assert caught.value.code == "FEATURE_NOT_INSTALLED"
    assert caught.value.extra.keys() == {"feature", "featureName", "estimatedSize"}


def test_heic_is_written_where_the_encoder_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = types.ModuleType("pillow_heif")
    encoder.__spec__ = __import__("importlib.machinery").machinery.ModuleSpec("pillow_heif", None)
    encoder.register_heif_opener = lambda: Image.register_save("HEIF", _pretend)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pillow_heif", encoder)
    output = run("image/convert", make_file(tmp_path / "a.png"), {"format": "heif", "quality": 70})
    assert output.name == "a.heif"
    assert output.path.read_bytes() == b"quality 70"


def _pretend(image: Image.Image, file: IO[bytes], name: str | bytes) -> None:
    file.write(b"quality %d" % image.encoderinfo["quality"])


def test_svg_cannot_be_written() -> None:
    with pytest.raises(ToolUnavailable):
        ensure_writable("svg")


def test_sides_a_format_cannot_hold_are_refused() -> None:
    check_sides((16_383, 1), FORMATS["webp"])
    check_sides((100_000, 1), FORMATS["png"])
    with pytest.raises(ToolError, match="Processing failed") as caught:
        check_sides((16_384, 1), FORMATS["webp"])
    assert caught.value.code == "SIZE_UNSUPPORTED"


def test_a_picture_too_long_for_the_wanted_format_is_a_clear_error(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", Image.new("RGB", (20_000, 2)))
    with pytest.raises(ToolError) as caught:
        run("image/convert", path, {"format": "webp"})
    assert caught.value.code == "SIZE_UNSUPPORTED"
