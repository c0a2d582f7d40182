from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processing.engine.inspect import inspect
from processing.engine.request import Limits
from processing.tests.hostile import ENDLESS, HUGE, MAGIC
from processing.tests.images import make_animation, make_file, make_image
from processing.tooling import InvalidInput, SourceImage

WRITABLE = ["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico"]


def look(path: Path, limits: Limits | None = None) -> SourceImage:
    return inspect(path, path.name, limits or Limits())


@pytest.mark.parametrize("extension", [*WRITABLE, "svg"])
def test_it_tells_format_size_and_bytes(tmp_path: Path, extension: str) -> None:
    size = (64, 64) if extension == "ico" else (200, 150)
    path = make_file(tmp_path / f"a.{extension}", make_image(size=size))
    source = look(path)
    assert (source.width, source.height, source.frames) == (*size, 1)
    assert source.format == {"jpg": "jpeg"}.get(extension, extension)
    assert source.bytes == path.stat().st_size


@pytest.mark.parametrize("extension", ["png", "webp", "avif", "gif", "tiff"])
def test_it_sees_alpha(tmp_path: Path, extension: str) -> None:
    with_alpha = make_file(tmp_path / f"a.{extension}", make_image("RGBA", pattern="disc"))
    without = make_file(tmp_path / f"b.{extension}", make_image("RGB"))
    assert (look(with_alpha).has_alpha, look(without).has_alpha) == (True, False)


def test_it_sees_alpha_in_lossless_webp(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.webp", make_image("RGBA"), lossless=True)
    assert look(path).has_alpha
    assert (look(path).width, look(path).height) == (200, 150)


@pytest.mark.parametrize("extension", ["png", "webp", "gif", "avif"])
def test_it_counts_frames(tmp_path: Path, extension: str) -> None:
    assert look(make_animation(tmp_path / f"a.{extension}")).frames == 3


def test_stray_bytes_between_gif_blocks_do_not_end_the_count(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.gif")
    path.write_bytes(path.read_bytes().replace(b"\0\x21\xf9\x04", b"\0\0\0\x21\xf9\x04"))
    assert look(path).frames == 3


def test_a_jpeg_with_more_pictures_in_it_is_one_picture(tmp_path: Path) -> None:
    make_image().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[make_image(size=(20, 10))])
    source = look(tmp_path / "a.jpg")
    assert (source.format, source.frames, source.width) == ("jpeg", 1, 200)


def test_it_counts_pages_of_tiff(tmp_path: Path) -> None:
    pages = [make_image(size=(20, 10)), make_image(size=(30, 10))]
    assert look(make_file(tmp_path / "a.tiff", pages[0], save_all=True, append_images=pages[1:])).frames == 2


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_after_orientation(tmp_path: Path, extension: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = look(make_file(tmp_path / f"a.{extension}", exif=exif))
    assert (source.width, source.height) == ((150, 200) if orientation >= 5 else (200, 150))


def test_nonsense_orientation_counts_as_none(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert look(make_file(tmp_path / "a.jpg", exif=exif)).width == 200


def test_it_takes_the_largest_picture_of_an_icon(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.ico", make_image(size=(128, 128)), sizes=[(16, 16), (128, 128), (32, 32)])
    assert look(path).width == 128


@pytest.mark.parametrize("format_id", HUGE)
def test_a_huge_header_is_refused_before_anything_is_allocated(tmp_path: Path, format_id: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(HUGE[format_id])
    started = time.process_time()
    with pytest.raises(InvalidInput, match=r"(?i)^Invalid image: .*exceeds maximum size") as caught:
        look(path)
    assert caught.value.code == "IMAGE_TOO_LARGE"
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize("format_id", ENDLESS)
def test_an_endless_header_is_given_up_soon(tmp_path: Path, format_id: str) -> None:
    path = tmp_path / "endless"
    path.write_bytes(ENDLESS[format_id])
    started = time.process_time()
    with pytest.raises(InvalidInput, match=r"^Invalid image: .* damaged or incomplete"):
        look(path)
    assert time.process_time() - started < 2


def test_all_frames_together_have_a_limit_too(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.gif", size=(100, 40), durations=(20,) * 9)
    with pytest.raises(InvalidInput, match=r"9 frames of 100x40 exceeds maximum size"):
        look(path, Limits(max_megapixels=100 * 40 / 1e6))


def test_zero_means_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    path.write_bytes(HUGE["png"])
    assert look(path, Limits(max_megapixels=0)).width == 50_000


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png")
    assert look(path, Limits(max_megapixels=200 * 150 / 1e6)).height == 150


@pytest.mark.parametrize(("content", "code"), [(b"", "EMPTY_FILE"), (b"\0" * 5000, "INVALID_IMAGE")])
def test_empty_and_zero_files(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"^Invalid image: ") as caught:
        look(path)
    assert caught.value.code == code


def test_a_zip_named_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.png", b"x" * 1000)
    with pytest.raises(InvalidInput) as caught:
        look(path)
    assert caught.value.code == "UNSUPPORTED_FORMAT"


@pytest.mark.parametrize("format_id", MAGIC)
def test_garbage_after_the_magic_bytes_never_escapes(tmp_path: Path, format_id: str) -> None:
    garbage = np.random.default_rng(1)
    path = tmp_path / "garbage"
    refused = 0
    for length in (0, 1, 7, 30, 100, 1000, 5000) * 6:
        path.write_bytes(MAGIC[format_id] + garbage.bytes(length))
        try:
            look(path)
        except InvalidInput as error:
            assert error.message.startswith("Invalid image: ")
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("extension", [*WRITABLE, "svg"])
def test_cut_off_and_damaged_headers_never_escape(tmp_path: Path, extension: str) -> None:
    whole = bytearray(make_file(tmp_path / f"a.{extension}", make_image(size=(64, 64))).read_bytes())
    damage = np.random.default_rng(2)
    path = tmp_path / "damaged"
    for length in [*range(1, 200), *range(200, len(whole), 97)]:
        data = bytearray(whole[:length])
        for _ in range(damage.integers(4)):
            data[damage.integers(len(data))] = damage.integers(256)
        path.write_bytes(data)
        try:
            look(path)
        except InvalidInput as error:
            assert error.message.startswith("Invalid image: ")


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_damaged_animations_never_escape(tmp_path: Path, extension: str) -> None:
    whole = make_animation(tmp_path / f"a.{extension}").read_bytes()
    path = tmp_path / "damaged"
    for length in range(1, len(whole), 13):
        path.write_bytes(whole[:length])
        try:
            assert look(path).frames >= 1
        except InvalidInput as error:
            assert error.message.startswith("Invalid image: ")
