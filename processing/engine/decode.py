"""From a file to frames: oriented, in plain modes, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from processing.engine import metadata
from processing.engine.inspect import check_size
from processing.engine.metadata import Kept
from processing.engine.normalise import normalise
from processing.engine.pillow import MALFORMED, open_as, orientation, quiet
from processing.engine.request import Limits
from processing.tooling import SourceImage, ToolError
from processing.tooling.source import remember_size

DEFAULT_DURATION_MS = 100.0
"""What browsers make of a frame that says 0."""

MAX_DURATION_MS = 655_350.0
"""GIF: 16 bits of hundredths."""

_SCALABLE = {"jpeg", "svg"}
"""What can be decoded at another size than its own."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Frame:
    image: Image.Image
    duration: float = DEFAULT_DURATION_MS
    """Milliseconds."""


@dataclass(frozen=True)
class Picture:
    """A file to decode. `smallest` is the smallest size that will do (None: all of it); vector images are
    drawn at that size, JPEG is shrunk while it is read. Each call of `frames` decodes anew, so nothing is
    held in memory."""

    path: Path
    source: SourceImage
    limits: Limits
    smallest: tuple[int, int] | None = None

    def kept(self) -> Kept:
        if self.source.format == "svg":
            return Kept()
        with _decoding(), self.path.open("rb") as file:
            return metadata.read(open_as(file, self.source.format), self.source.format)

    def frames(self) -> Iterator[Frame]:
        """Raises ToolError("DECODE_FAILED") for a damaged file."""
        for frame in self._raw_frames():
            if self.source.format in _SCALABLE:
                remember_size(frame.image, (self.source.width, self.source.height))
            yield frame

    def first(self) -> Image.Image:
        return next(self.frames()).image

    def _raw_frames(self) -> Iterator[Frame]:
        if self.source.format == "svg":
            from processing.engine import svg

            yield Frame(svg.rasterise(self.path, self.smallest, self.limits))
            return
        with self.path.open("rb") as file:
            with _decoding():
                image = open_as(file, self.source.format)
                turn = orientation(image)
                kept = metadata.read(image, self.source.format)
                self._check(image)
                self._shrink_on_load(image, turn)
            for index in range(_first_index(image), _first_index(image) + self.source.frames):
                with _decoding():
                    frame = self._decode(image, index, turn, kept)
                yield frame

    def _shrink_on_load(self, image: Image.Image, turn: int) -> None:
        if self.smallest is not None and self.source.format in _SCALABLE:
            image.draft(None, self.smallest[::-1] if turn >= 5 else self.smallest)

    def _check(self, image: Image.Image) -> None:
        """Frames can be larger than the header said, and decoders can see more in a file than we did."""
        check_size(replace(self.source, width=image.width, height=image.height), self.limits)

    def _decode(self, image: Image.Image, index: int, turn: int, kept: Kept) -> Frame:
        if self.source.frames > 1:
            image.seek(index)
            self._check(image)
        image.load()
        plain = normalise(image, kept.profile)
        if self.source.format == "gif" or (self.source.format == "webp" and self.source.frames > 1):
            plain = _without_idle_alpha(plain)
        # A TIFF is turned by Pillow as it loads.
        if turn in _TURNS and self.source.format != "tiff":
            plain = plain.transpose(_TURNS[turn])
        plain = self._on_canvas(plain)
        # The next frame is decoded into the same memory.
        shared = self.source.frames > 1 and plain is image
        return Frame(detached(plain.copy() if shared else plain), _duration(image))

    def _on_canvas(self, image: Image.Image) -> Image.Image:
        """A frame that overhangs makes Pillow enlarge the picture; browsers cut it off."""
        size = self.source.width, self.source.height
        if self.source.format != "gif" or image.size == size:
            return image
        return image.crop((0, 0, *size))


def _duration(image: Image.Image) -> float:
    """Milliseconds, at most what every animated format can hold."""
    value = float(image.info.get("duration") or DEFAULT_DURATION_MS)
    return min(value, MAX_DURATION_MS) if value > 0 else DEFAULT_DURATION_MS


def _first_index(image: Image.Image) -> int:
    """An animated PNG can carry a picture for old viewers that is no frame of the animation."""
    return 1 if getattr(image, "default_image", False) and getattr(image, "n_frames", 1) > 1 else 0


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    """Pillow composes GIF and WebP frames as RGBA even where nothing shows through."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def detached(image: Image.Image) -> Image.Image:
    """The same pixels without the file they came from, its metadata and its plugin's habits.

    `_new` shares the pixels; the public ways to do this copy them (72 MB of a 24-megapixel photo).
    """
    plain = image._new(image.im)
    plain.info = {}
    return plain


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        with quiet():
            yield
    except MALFORMED as error:
        raise ToolError("DECODE_FAILED", f"The image is damaged or incomplete: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return text if text and len(text) < 200 else type(error).__name__
