"""How each format is written: the modes it holds and the parameters given to its encoder, chosen by
measurement (bench/engine.py). CPU ms on one 2-core machine, photo of 6 megapixels unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

from processing.engine.formats import Format
from processing.engine.metadata import Kept, describes, to_srgb
from processing.engine.palette import colours_for, with_key_colour, with_soft_alpha
from processing.tooling import Size

Options = dict[str, Any]

SAME_QUALITY = 95
"""For "same as input": a second generation that nobody can tell from the first."""

DEFAULT_QUALITY = {"jpeg": 85, "webp": 80, "avif": 60, "heif": 80}
"""For a format that was asked for without a quality: about equal to the eye (PSNR of JPEG 80 = AVIF 60)."""

_MODES = {
    "jpeg": {"LA": "L", "RGBA": "RGB"},
    "webp": {"L": "RGB", "LA": "RGBA"},
    "avif": {"LA": "RGBA"},
    "heif": {"L": "RGB", "LA": "RGBA"},
    "bmp": {"LA": "L", "RGBA": "RGB"},
    "ico": {"L": "RGBA", "LA": "RGBA", "RGB": "RGBA"},
}
_ICON_SIDES = (16, 24, 32, 48, 64, 128, 256)


def ready(
    image: Image.Image, format: Format, kept: Kept, *, bare: bool = False
) -> tuple[Image.Image, bytes | None]:
    """The image in a mode the format holds, on white if it holds no alpha, and the profile to write with
    it: none when `bare`, as the pixels are sRGB then."""
    mode = _MODES.get(format.id, {}).get(image.mode, image.mode)
    profile = kept.profile_for(image.mode)
    if profile and (bare or not (format.profile and describes(profile, mode))):
        image, profile = to_srgb(image, profile), None
        mode = _MODES.get(format.id, {}).get(image.mode, image.mode)
    if not format.alpha and image.mode in {"LA", "RGBA"}:
        image = on_white(image)
    return (image if image.mode == mode else image.convert(mode)), profile


def on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("L" if image.mode == "LA" else "RGB")


def options(image: Image.Image, format: Format, quality: int, kept: Kept, profile: bytes | None) -> Options:
    """Keyword arguments of `Image.save`."""
    chosen = _OPTIONS[format.id](image, quality)
    if profile:
        chosen["icc_profile"] = profile
    if kept.dpi and format.id in {"jpeg", "png", "tiff", "bmp"}:
        chosen["dpi"] = kept.dpi
    return chosen


def _megapixels(image: Image.Image) -> float:
    return image.width * image.height / 1e6


def _jpeg(image: Image.Image, quality: int) -> Options:
    """Optimised Huffman tables: 3–10 % smaller for 10 ms; progressive: 2 % more for 45–60 ms, not worth
    it."""
    return {"quality": quality, "optimize": True, "subsampling": 0 if quality >= 90 else 2}


def _png(image: Image.Image, quality: int) -> Options:
    """Levels 1, 2, 4, 6 take 467, 502, 868, 3120 ms for 7.6, 7.4, 6.4, 6.6 MB."""
    megapixels = _megapixels(image)
    return {"compress_level": 6 if megapixels <= 0.5 else 4 if megapixels <= 4 else 2}


def _webp(image: Image.Image, quality: int) -> Options:
    return {"quality": quality, "method": 4, "alpha_quality": 100}


def _avif(image: Image.Image, quality: int) -> Options:
    """An 800 px photo at quality 60 takes 111, 28, 16 ms at speeds 6, 8, 9, within 10 % of the same size."""
    subsampling = "4:0:0" if image.mode == "L" else "4:4:4" if quality >= 90 else "4:2:0"
    return {"quality": quality, "speed": 8 if _megapixels(image) <= 4 else 9, "subsampling": subsampling}


def _tiff(image: Image.Image, quality: int) -> Options:
    """Horizontal differencing (predictor 2, TIFF 6.0 section 14) halves a photo."""
    return {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2}}


def _ico(image: Image.Image, quality: int) -> Options:
    return {"sizes": [(side, side) for side in _icon_sides(image.width)]}


def _icon_sides(side: int) -> list[int]:
    """The usual sides up to this one: an icon is never enlarged."""
    return [usual for usual in _ICON_SIDES if usual <= side] or [side]


def _nothing(image: Image.Image, quality: int) -> Options:
    return {}


_OPTIONS: dict[str, Callable[[Image.Image, int], Options]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "avif": _avif,
    "gif": _nothing,
    "tiff": _tiff,
    "bmp": _nothing,
    "ico": _ico,
    "heif": lambda image, quality: {"quality": quality},
}


def paletted(image: Image.Image, format: Format, quality: int | None, *, moving: bool) -> Image.Image:
    """GIF always gets a palette; PNG only if a quality below 100 asks for a smaller file."""
    if format.id == "gif":
        # Dither dots would dance from frame to frame, and cost more than they give.
        return with_key_colour(image, colours_for(quality or 100), dither=not moving)
    if format.id == "png" and quality is not None and quality < 100 and not moving:
        return with_soft_alpha(image, colours_for(quality))
    return image


def icon_size(size: Size) -> Size:
    """Of a picture that becomes an icon."""
    side = _icon_sides(max(size))[-1]
    return side, side


def square(image: Image.Image) -> Image.Image:
    """An icon is square: scaled down to the next usual side, the rest transparent."""
    side, _ = icon_size(image.size)
    icon = image.copy()
    icon.thumbnail((side, side), Image.Resampling.LANCZOS)
    canvas = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    canvas.paste(icon, ((side - icon.width) // 2, (side - icon.height) // 2))
    return canvas
