from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from processing.tests.images import make_animation, make_file, make_image, opened, run, ssim
from processing.tooling import SettingsError, ToolError
from processing.tools.image.compress import CompressSettings

SIZE = (400, 300)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "gif"])
def test_lower_quality_makes_smaller_files_of_the_same_size(tmp_path: Path, extension: str) -> None:
    path = make_file(tmp_path / f"a.{extension}", make_image(size=SIZE, pattern="photo"))
    sizes = []
    for quality in (5, 30, 80):
        output = run("image/compress", path, {"quality": quality})
        assert opened(output).size == SIZE
        sizes.append(output.bytes)
    assert sizes == sorted(set(sizes))


def test_the_default_is_quality_80(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.jpg", make_image(size=SIZE, pattern="photo"))
    sizes = {
        run("image/compress", path, settings).bytes
        for settings in (
            {},
            {"quality": 80},
            {"mode": "targetSize"},
            {"mode": "targetSize", "quality": 3},
            {"mode": "quality", "targetSizeKb": 1},
        )
    }
    assert len(sizes) == 1


def test_png_at_80_is_much_smaller_and_looks_the_same(tmp_path: Path) -> None:
    original = make_image(size=SIZE, pattern="photo")
    path = make_file(tmp_path / "a.png", original)
    output = run("image/compress", path)
    assert output.bytes < path.stat().st_size / 2
    assert ssim(opened(output).convert("RGB").reduce(2), original.reduce(2)) > 0.95


def test_png_at_100_loses_nothing(tmp_path: Path) -> None:
    original = make_image(size=SIZE, pattern="photo")
    output = run("image/compress", make_file(tmp_path / "a.png", original), {"quality": 100})
    assert opened(output).tobytes() == original.tobytes()


def test_soft_alpha_survives_the_palette(tmp_path: Path) -> None:
    output = run("image/compress", make_file(tmp_path / "a.png", make_image("RGBA", SIZE)))
    alpha = opened(output).convert("RGBA").getchannel("A")
    assert alpha.getpixel((2, 100)) < 30  # type: ignore[operator]
    assert 80 < alpha.getpixel((100, 100)) < 175  # type: ignore[operator]
    assert alpha.getpixel((390, 100)) > 250  # type: ignore[operator]


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "gif"])
@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
def test_the_target_is_never_exceeded_and_is_used(tmp_path: Path, extension: str, part: float) -> None:
    path = make_file(tmp_path / f"a.{extension}", make_image(size=SIZE, pattern="photo"), quality=98)
    target = path.stat().st_size * part / 1024
    output = run("image/compress", path, {"mode": "targetSize", "targetSizeKb": target})
    assert output.bytes <= target * 1024
    if extension in {"jpg", "webp", "avif"}:
        # JPEG leaps where it begins to spare colour resolution, below quality 90.
        assert output.bytes > target * 1024 * (0.65 if extension == "jpg" else 0.8)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "gif", "tiff", "bmp"])
def test_a_target_out_of_reach_says_what_is_possible(tmp_path: Path, extension: str) -> None:
    path = make_file(tmp_path / f"a.{extension}", make_image(size=SIZE, pattern="photo"))
    with pytest.raises(ToolError) as caught:
        run("image/compress", path, {"mode": "targetSize", "targetSizeKb": 0.05})
    assert (caught.value.code, caught.value.path) == ("TARGET_UNREACHABLE", "targetSizeKb")
    smallest = re.search(r"smallest possible file is ([\d.]+) KB", caught.value.details)
    assert smallest
    assert float(smallest[1]) > 0.05


def test_a_generous_target_is_simply_met(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.tiff", make_image(size=SIZE))
    output = run("image/compress", path, {"mode": "targetSize", "targetSizeKb": 1e12})
    assert output.format == "tiff"


def test_an_animation_meets_its_target_with_all_frames(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.webp", size=(120, 90))
    output = run("image/compress", path, {"mode": "targetSize", "targetSizeKb": 2})
    assert output.bytes <= 2048
    assert output.frames == 3


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_animations_stay_animated(tmp_path: Path, extension: str) -> None:
    output = run("image/compress", make_animation(tmp_path / f"a.{extension}"))
    assert (output.frames, opened(output).n_frames) == (3, 3)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"quality": 0}, "quality"),
        ({"quality": 101}, "quality"),
        ({"quality": None}, "quality"),
        ({"quality": "80"}, "quality"),
        ({"mode": "magic"}, "mode"),
        ({"targetSizeKb": -1}, "targetSizeKb"),
        ({"targetSizeKb": 0}, "targetSizeKb"),
        ({"targetSizeKb": float("inf")}, "targetSizeKb"),
    ],
)
def test_bad_settings_name_the_field(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingsError) as caught:
        CompressSettings.parse(settings)
    assert [problem[0] for problem in caught.value.problems] == [path]
