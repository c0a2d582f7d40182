"""Bring every mode Pillow decodes to one of the four that tools see: L, LA, RGB, RGBA, 8 bits each."""

from __future__ import annotations

from PIL import Image

from processing.engine.metadata import to_srgb

PLAIN_MODES = {"L", "LA", "RGB", "RGBA"}


def normalise(image: Image.Image, profile: bytes | None) -> Image.Image:
    """`profile` is used where the pixels leave the space it describes (CMYK, Lab)."""
    if image.mode in PLAIN_MODES:
        return _with_key_colour(image) if "transparency" in image.info else image
    if image.mode in {"CMYK", "LAB"}:
        return (
            to_srgb(image, profile if image.mode == "CMYK" else None) if image.mode == "CMYK" else _lab(image)
        )
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode in {"I", "F"}:
        return _wide_to_grey(image)
    return image.convert(_plain_mode(image))


def _plain_mode(image: Image.Image) -> str:
    if image.mode == "1":
        return "L"
    if image.mode == "La":
        return "LA"
    has_alpha = image.mode in {"PA", "RGBa"} or "transparency" in image.info
    return "RGBA" if has_alpha else "RGB"


def _with_key_colour(image: Image.Image) -> Image.Image:
    """PNG can name one colour of an opaque picture as transparent (tRNS)."""
    if image.mode in {"LA", "RGBA"}:
        return image
    return image.convert("RGBA" if image.mode == "RGB" else "LA")


def _wide_to_grey(image: Image.Image) -> Image.Image:
    """32-bit integers and floats: 0..1 and 16-bit ranges are taken as such, others are stretched to their
    maximum."""
    low, high = image.getextrema()
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)) or high != high:  # NaN
        low, high = 0.0, 1.0
    if image.mode == "F" and high <= 1:
        top = 1.0
    elif high <= 255:
        top = 255.0
    else:
        top = 65_535.0 if high <= 65_535 else float(high)
    scale = 255 / top
    return image.point(lambda value: value * scale + 0).convert("L")


def _lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # noqa: S101 (only the in-place variant returns None)
    return converted
