"""From frames to a file of the wanted format, quality or size."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from PIL import Image

from processing.engine.codecs import DEFAULT_QUALITY, SAME_QUALITY, options, paletted, ready, square
from processing.engine.decode import Frame
from processing.engine.formats import FORMATS, Format, by_word
from processing.engine.metadata import Kept
from processing.engine.pillow import quiet
from processing.engine.reel import Reel
from processing.engine.search import most_encodes, smallest_fitting
from processing.tooling import Encoding, SourceImage, ToolError, ToolUnavailable

LOSSLESS = 100


class Frames(Sized, Iterable[Frame], Protocol):
    """Frames that can be gone through again, as a search for a file size must."""


@dataclass(frozen=True)
class Written:
    width: int
    height: int
    frames: int


def ensure_writable(format_id: str) -> None:
    """Raises ToolUnavailable if this installation cannot write the format; ask before queueing work."""
    if format_id == "heif" and find_spec("pillow_heif") is None:
        raise ToolUnavailable(
            "Writing HEIC needs the optional package pillow-heif, which is not installed here.",
            details="Its wheel contains an encoder under the GPL, so it is the operator's choice: "
            "pip install pillow-heif.",
            feature="heic-encoder",
            featureName="HEIC encoder",
            estimatedSize="7 MB",
        )
    if not FORMATS[format_id].writable:
        raise ToolUnavailable(f"{FORMATS[format_id].title} files cannot be written.")


def target_format(encoding: Encoding, source: SourceImage) -> Format:
    """The format asked for, or the input's own; what cannot stay itself becomes PNG (HEIC becomes AVIF)."""
    if encoding.format is not None:
        return by_word(encoding.format)
    own = FORMATS[source.format]
    return FORMATS[own.same] if own.same else own


def check_sides(size: tuple[int, int], target: Format) -> None:
    """Raises ToolError("SIZE_UNSUPPORTED") for what the format's own header cannot describe."""
    if target.max_side and max(size) > target.max_side:
        raise ToolError(
            "SIZE_UNSUPPORTED",
            f"{target.title} cannot hold {size[0]}x{size[1]}: its sides end at {target.max_side} pixels.",
        )


def frames_kept(source: SourceImage, target: Format, encoding: Encoding) -> int:
    """All frames where input and output mean the same by them (animation, pages), else the first alone."""
    if encoding.bare:
        return 1
    kind = FORMATS[source.format].frames
    return source.frames if kind == target.frames != "one" else 1


def becomes_icon(own: Encoding, target: Format) -> bool:
    """Whether a step makes an icon of its result. Steps after it work on that, and squaring their results is
    left to the file."""
    return target.id == "ico" and own.format is not None


def fitted(
    image: Image.Image, target: Format, kept: Kept, *, bare: bool = False, icon: bool = False
) -> tuple[Image.Image, bytes | None]:
    """The picture as the format can hold it, and the profile to write with it. Raises SIZE_UNSUPPORTED."""
    check_sides(image.size, target)
    image, profile = ready(image, target, kept, bare=bare)
    return (square(image) if icon else image), profile


def encode(frames: Frames, target: Format, encoding: Encoding, kept: Kept, destination: Path) -> Written:
    """Raises ToolError: TARGET_UNREACHABLE, SIZE_UNSUPPORTED."""
    job = _Job(frames, target, encoding, kept)
    data = job.within(encoding.max_bytes) if encoding.max_bytes else job.write(job.quality)
    destination.write_bytes(data)
    return Written(*job.size, frames=len(frames))


def most_writes(encoding: Encoding, target: Format) -> int:
    """How often the picture may be encoded until the file is as small as asked for."""
    return most_encodes(_ladder(target)) if encoding.max_bytes else 1


class _Job:
    """One output being written, perhaps several times."""

    def __init__(self, frames: Frames, target: Format, encoding: Encoding, kept: Kept) -> None:
        self._frames, self._target, self._encoding, self._kept = frames, target, encoding, kept
        self._still = next(iter(frames)).image if len(frames) == 1 else None
        self.size = (0, 0)
        if target.id == "heif":
            _register_heif_writer()

    @property
    def quality(self) -> int | None:
        if self._encoding.quality is not None:
            return self._encoding.quality
        if not self._target.lossy:
            return None
        return SAME_QUALITY if self._encoding.format is None else DEFAULT_QUALITY[self._target.id]

    def within(self, limit: int) -> bytes:
        return smallest_fitting(self.write, _ladder(self._target), limit)

    def write(self, quality: int | None) -> bytes:
        if self._still is not None:
            return self._write_still(self._still, quality)
        return self._write_moving(quality)

    def _write_still(self, image: Image.Image, quality: int | None) -> bytes:
        image, profile = self._ready(image)
        image = paletted(image, self._target, quality, moving=False)
        return self._save(image, image, quality, profile)

    def _ready(self, image: Image.Image) -> tuple[Image.Image, bytes | None]:
        bare, icon = self._encoding.bare, self._target.id == "ico"
        image, profile = fitted(image, self._target, self._kept, bare=bare, icon=icon)
        self.size = image.size
        return image, profile

    def _write_moving(self, quality: int | None) -> bytes:
        reel = Reel(_Prepared(self, quality), len(self._frames))
        profile = None if self._target.id == "gif" else self._kept.profile_for(reel.mode)
        return self._save(reel, reel, quality, profile, save_all=True, **self._timing(reel))

    def prepared(self, quality: int | None) -> Iterator[Frame]:
        for frame in self._frames:
            image, _ = self._ready(frame.image)
            yield Frame(paletted(image, self._target, quality, moving=True), frame.duration)

    def _timing(self, reel: Reel) -> dict[str, object]:
        plays = self._kept.plays
        if self._target.frames == "pages":
            return {}
        if self._target.id == "gif":
            # Repeats after the first run; no word about it means one run. Where anything shows through,
            # each frame is cleared before the next.
            loop: dict[str, object] = {} if plays == 1 else {"loop": max(plays - 1, 0)}
            return {**loop, "disposal": 2} if "transparency" in reel.info else loop
        return {"loop": plays, "duration": reel.durations}

    def _save(
        self,
        image: Image.Image,
        measured: Image.Image,
        quality: int | None,
        profile: bytes | None,
        **more: object,
    ) -> bytes:
        buffer = io.BytesIO()
        kept = Kept() if self._encoding.bare else self._kept
        chosen = options(measured, self._target, quality or LOSSLESS, kept, profile)
        with quiet():
            image.save(buffer, self._target.id.upper(), **chosen, **more)
        return buffer.getvalue()


@dataclass(frozen=True)
class _Prepared:
    """The frames as this format holds them, gone through again as often as a writer likes."""

    job: _Job
    quality: int | None

    def __iter__(self) -> Iterator[Frame]:
        return self.job.prepared(self.quality)


def _ladder(target: Format) -> tuple[int | None, ...]:
    """Qualities to search, best first."""
    if target.lossy:
        return tuple(range(100, 0, -1))
    if target.id == "png":
        return (LOSSLESS, 80, 40, 20, 10, 5, 2, 1)
    if target.id == "gif":
        return (80, 60, 40, 20, 10, 5, 2, 1)
    return (None,)


def _register_heif_writer() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
