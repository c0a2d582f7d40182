"""What an upload is, from its header: no pixel is decoded, so hostile sizes cost nothing.

Runs in the web process for every request; a small JPEG takes about 0.2 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from processing.engine import headers, isobmff
from processing.engine.formats import HEAD_BYTES, detect
from processing.engine.headers import Header, HeaderFile
from processing.engine.pillow import MALFORMED, open_as, orientation, quiet
from processing.engine.request import Limits
from processing.tooling import InvalidInput, SourceImage

ANIMATION_ALLOWANCE = 8
"""All frames of an animation together may hold this many times the pixels one picture may."""


def inspect(path: Path, name: str, limits: Limits) -> SourceImage:
    """Raises InvalidInput: EMPTY_FILE, UNSUPPORTED_FORMAT, INVALID_IMAGE, IMAGE_TOO_LARGE, SVG_TOO_LARGE,
    SVG_TOO_COMPLEX."""
    with HeaderFile(path) as file:
        format_id = detect(file.read(HEAD_BYTES), name)
        file.seek(0)
        header = _read_header(file, format_id, limits)
    width, height = _oriented(header)
    source = SourceImage(format_id, width, height, header.frames, header.has_alpha, path.stat().st_size)
    check_size(source, limits)
    return source


def _read_header(file: BinaryIO, format_id: str, limits: Limits) -> Header:
    if format_id == "svg":
        from processing.engine import svg

        return svg.read_header(file, limits)
    try:
        with quiet():
            return _READERS.get(format_id, _through_pillow)(file, format_id)
    except MALFORMED:
        raise InvalidInput(
            f"Invalid image: the {format_id.upper()} header is damaged or incomplete."
        ) from None


def _through_pillow(file: BinaryIO, format_id: str) -> Header:
    image = open_as(file, format_id)
    return Header(
        *image.size,
        has_alpha=image.mode in _ALPHA_MODES or "transparency" in image.info,
        frames=_frames(file, image, format_id),
        # Pillow gives a TIFF's size turned already.
        orientation=1 if format_id == "tiff" else orientation(image),
    )


_ALPHA_MODES = {"RGBA", "RGBa", "LA", "La", "PA"}


def _frames(file: BinaryIO, image: object, format_id: str) -> int:
    if format_id == "gif":
        return headers.gif_frames(file)
    if format_id not in {"png", "tiff"}:
        # The further pictures of a JPEG (MPO) are thumbnails and other views.
        return 1
    hidden = getattr(image, "default_image", False)  # for viewers that know no animated PNG
    return max(1, int(getattr(image, "n_frames", 1)) - bool(hidden))


_READERS: dict[str, Callable[[BinaryIO, str], Header]] = {
    "webp": lambda file, _: headers.webp(file),
    "ico": lambda file, _: headers.ico(file),
    "heif": lambda file, _: isobmff.heif(file),
    "avif": lambda file, _: isobmff.avif(file),
}


def _oriented(header: Header) -> tuple[int, int]:
    size = header.width, header.height
    return size[::-1] if header.orientation >= 5 else size


def check_size(source: SourceImage, limits: Limits) -> None:
    """Raises InvalidInput("IMAGE_TOO_LARGE") if a frame, or all frames together, hold too many pixels."""
    if source.width < 1 or source.height < 1:
        raise InvalidInput("Invalid image: it has no pixels.")
    if not limits.max_megapixels:
        return
    megapixels = source.width * source.height / 1e6
    if megapixels > limits.max_megapixels:
        raise InvalidInput(
            f"Invalid image: {source.width}x{source.height} ({megapixels:.1f} megapixels) "
            f"exceeds maximum size of {limits.max_megapixels:g} megapixels.",
            code="IMAGE_TOO_LARGE",
        )
    if megapixels * source.frames > limits.max_megapixels * ANIMATION_ALLOWANCE:
        raise InvalidInput(
            f"Invalid image: {source.frames} frames of {source.width}x{source.height} exceeds maximum size "
            f"of {limits.max_megapixels * ANIMATION_ALLOWANCE:g} megapixels for an animation.",
            code="IMAGE_TOO_LARGE",
        )
