"""Colour stays true, and nothing private leaves."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from processing.tests.images import make_animation, make_file, make_image, near, opened, rgb, run
from processing.tooling import Encoding


@cache  # it carries the second it was made in
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("wanted", ["jpg", "png", "webp", "avif", "tiff"])
def test_the_colour_profile_is_kept(tmp_path: Path, wanted: str) -> None:
    path = make_file(tmp_path / "a.png", icc_profile=profile())
    assert opened(run("image/convert", path, {"format": wanted})).info["icc_profile"] == profile()


def test_the_colour_profile_of_an_animation_is_kept(tmp_path: Path) -> None:
    film = [make_image(size=(60, 40), pattern="corners").rotate(90 * turn) for turn in range(3)]
    path = make_file(
        tmp_path / "a.webp", film[0], save_all=True, append_images=film[1:], icc_profile=profile()
    )
    for wanted in ("webp", "png", "avif"):
        output = run("image/convert", path, {"format": wanted})
        assert opened(output).info["icc_profile"] == profile()


def test_a_profile_that_does_not_fit_the_pixels_is_dropped(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image("L"), icc_profile=profile())
    assert "icc_profile" not in opened(run("image/rotate", path)).info


def test_colours_are_converted_where_the_profile_cannot_stay(tmp_path: Path) -> None:
    """A linear profile says that middle grey is much lighter than sRGB would make of the same number."""
    path = make_file(
        tmp_path / "a.png", Image.new("RGB", (20, 20), (128, 128, 128)), icc_profile=linear_profile()
    )
    image = opened(run("image/convert", path, {"format": "gif"}))
    assert near(rgb(image, 0.5, 0.5), (188, 188, 188), 3)


def test_a_bare_picture_has_its_colours_in_the_pixels_and_nothing_beside_them(tmp_path: Path) -> None:
    gray = Image.new("RGBA", (20, 20), (128, 128, 128, 255))
    path = make_file(tmp_path / "a.png", gray, icc_profile=linear_profile(), dpi=(300, 300))
    image = opened(run("image/rotate", path, encoding=Encoding("png", bare=True)))
    assert near(rgb(image, 0.5, 0.5), (188, 188, 188), 3)
    assert not {"icc_profile", "dpi"} & set(image.info)


@pytest.mark.parametrize("given", ["gif", "webp", "png"])
def test_a_bare_picture_stands_still(tmp_path: Path, given: str) -> None:
    path = make_animation(tmp_path / f"a.{given}")
    assert run("image/rotate", path, encoding=Encoding("png", bare=True)).frames == 1


def linear_profile() -> bytes:
    """sRGB with its tone curves replaced by straight lines (ICC.1:2022, curveType with no entries)."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(int.from_bytes(data[128:132], "big")):
        entry = 132 + 12 * index
        if bytes(data[entry : entry + 4]) in {b"rTRC", b"gTRC", b"bTRC"}:
            at = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[at : at + 12] = b"curv" + b"\0" * 8
            data[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
    # Not called sRGB any more, or it would be taken at its word.
    return bytes(data).replace(b"s\0R\0G\0B", b"l\0R\0G\0B").replace(b"sRGB", b"lRGB")


@pytest.mark.parametrize("wanted", ["jpg", "png", "tiff"])
def test_the_resolution_is_kept(tmp_path: Path, wanted: str) -> None:
    path = make_file(tmp_path / "a.jpg", dpi=(300, 300))
    dpi = opened(run("image/convert", path, {"format": wanted})).info["dpi"]
    assert [round(float(value)) for value in dpi] == [300, 300]


def secretive(path: Path) -> Path:
    """A picture with a position, a name and a note in it."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif[0x013B] = "SECRET artist"
    exif.get_ifd(0x8825)[29] = "SECRET position"
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET</x:xmpmeta>"
    options: dict[str, Any] = {"exif": exif}
    if path.suffix in {".jpg", ".webp", ".avif"}:
        options["xmp"] = xmp
    if path.suffix in {".jpg", ".gif"}:
        options["comment"] = b"SECRET comment"
    if path.suffix == ".png":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Author", "SECRET")
        info.add_itxt("XML:com.adobe.xmp", "SECRET")
        options["pnginfo"] = info
    if path.suffix == ".tiff":
        options["tiffinfo"] = {315: "SECRET", 700: b"SECRET", 33723: b"SECRET iptc", 270: "SECRET"}
        del options["exif"]
    make_file(path, **options)
    assert b"SECRET" in path.read_bytes()
    return path


@pytest.mark.parametrize("given", ["jpg", "png", "webp", "avif", "tiff", "gif"])
@pytest.mark.parametrize("tool", ["convert", "rotate"])
def test_nothing_private_is_left_in_the_bytes(tmp_path: Path, given: str, tool: str) -> None:
    path = secretive(tmp_path / f"a.{given}")
    output = run(f"image/{tool}", path, {"format": given} if tool == "convert" else {"angle": 0})
    data = output.path.read_bytes()
    assert b"SECRET" not in data
    assert b"Exif" not in data
    assert not opened(output).getexif().get_ifd(0x8825)
