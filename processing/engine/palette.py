"""True colour down to a palette of at most 256, as GIF needs it and as small PNG files want it."""

from __future__ import annotations

from PIL import Image

MAX_COLOURS = 256
SAMPLE_SIDE = 256
OPAQUE_FROM = 128
"""Alpha of GIF is all or nothing; this is where nothing ends."""


def colours_for(quality: int) -> int:
    """80 and above buys all 256 colours, below that in proportion."""
    return max(2, min(MAX_COLOURS, round(MAX_COLOURS * quality / 80)))


def with_key_colour(image: Image.Image, colours: int = MAX_COLOURS, *, dither: bool = True) -> Image.Image:
    """Mode P; where alpha was below half, one palette entry named in `info["transparency"]`."""
    if image.mode not in {"LA", "RGBA"}:
        return _quantise(image, colours, dither=dither)
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] >= OPAQUE_FROM:  # type: ignore[operator]
        return _quantise(image.convert("RGB"), colours, dither=dither)
    hidden = alpha.point([255] * OPAQUE_FROM + [0] * (256 - OPAQUE_FROM))
    plain = image.convert("RGB")
    plain.paste((0, 0, 0), mask=hidden)  # whatever lay under transparency must not cost colours
    result = _quantise(plain, max(1, min(colours, 256) - 1), dither=dither)
    key = len(result.getpalette() or ()) // 3
    result.putpalette((result.getpalette() or []) + [0, 0, 0])
    result.paste(key, mask=hidden)
    result.info["transparency"] = key
    return result


def with_soft_alpha(image: Image.Image, colours: int) -> Image.Image:
    """Mode P with alpha per entry, for PNG."""
    if image.mode in {"LA", "RGBA"} and _is_soft(image.getchannel("A")):
        return image.convert("RGBA").quantize(colours, method=Image.Quantize.FASTOCTREE)
    return with_key_colour(image, colours)


def _is_soft(alpha: Image.Image) -> bool:
    return any(alpha.histogram()[1:255])


def _quantise(image: Image.Image, colours: int, *, dither: bool) -> Image.Image:
    if image.mode == "L" and colours >= MAX_COLOURS:
        return image.convert("P")
    rgb = image.convert("RGB")
    if rgb.getcolors(colours) is not None:
        return rgb.quantize(colours, method=Image.Quantize.MEDIANCUT)  # each colour is its own entry
    palette = _palette(rgb, colours, refine=dither)
    return rgb.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG if dither else Image.Dither.NONE)


def _palette(rgb: Image.Image, colours: int, *, refine: bool) -> Image.Image:
    """Chosen from a sample: of a photo of 6 megapixels median cut takes 2.5 s, and k-means minutes, to find
    no better colours. K-means until 1 pixel in 64 moves lowers the error by a quarter."""
    scale = min(1.0, SAMPLE_SIDE / max(rgb.size))
    size = max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale))
    sample = rgb.resize(size, Image.Resampling.NEAREST)
    kmeans = max(1, size[0] * size[1] // 64) if refine else 0
    return sample.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=kmeans)
