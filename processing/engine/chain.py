"""Image tools one after another on the frames of one picture, which stay in memory between them.

Only what the file format of a step would do to the picture itself is done between two steps: white for
transparency it cannot hold, sRGB for a profile it cannot hold, the first frame alone where it has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from PIL import Image

from processing.engine import encode
from processing.engine.checks import check_output, check_writing
from processing.engine.decode import Frame, Picture, detached
from processing.engine.formats import Format
from processing.engine.inspect import check_size
from processing.engine.metadata import Kept
from processing.engine.request import Limits
from processing.engine.track import Step, Track
from processing.tooling import Encoding, SourceImage


def combined(earlier: Encoding, later: Encoding) -> Encoding:
    """How to write once what two steps would have written in turn: the later one wins where it says anything.

    A quality or a file size belongs to the format it was given for: whoever chooses a format anew drops it.
    """
    bare = earlier.bare or later.bare
    if later.format is not None:
        return replace(later, bare=bare)
    chosen = later if later.quality is not None or later.max_bytes is not None else earlier
    return replace(
        later,
        format=earlier.format,
        quality=chosen.quality,
        max_bytes=chosen.max_bytes,
        extension=later.extension or earlier.extension,
        bare=bare,
    )


def decides(encoding: Encoding) -> bool:
    """Whether a step has a word in how the result is written."""
    return encoding.format is not None or encoding.quality is not None or encoding.max_bytes is not None


@dataclass(frozen=True)
class _Link:
    """A step, what it is given, and what its result would be written as."""

    step: Step
    source: SourceImage
    kept: Kept
    own: Encoding
    """What the step itself says about it."""
    encoding: Encoding
    target: Format
    frames: int

    def handed_over(self, image: Image.Image) -> tuple[Image.Image, Kept]:
        """The result as the next step would find it in the file, had it been one."""
        icon = encode.becomes_icon(self.own, self.target)
        fitted, profile = encode.fitted(image, self.target, self.kept, bare=self.encoding.bare, icon=icon)
        return detached(fitted), replace(self.kept, profile=profile)

    def described(self, image: Image.Image) -> SourceImage:
        """What the next step is told of it."""
        return replace(
            self.source,
            format=self.target.id,
            width=image.width,
            height=image.height,
            frames=self.frames,
            has_alpha=image.mode in {"LA", "RGBA"},
        )


class Chain:
    """The frames of a picture after all `steps`, made as they are asked for; the first one is kept.

    Raises SnapOtterError while `track.step` is the step at fault.
    """

    def __init__(
        self, path: Path, source: SourceImage, steps: Sequence[Step], limits: Limits, track: Track
    ) -> None:
        first = steps[0]
        draft = first.tool.draft_size
        self._picture = Picture(path, source, limits, draft(first.settings, source) if draft else None)
        self._track = track
        self._links: list[_Link] = []
        self._last = self._writer = steps[-1]
        track.enter(steps)
        self._first = self._join(steps)

    @property
    def encoding(self) -> Encoding:
        return self._links[-1].encoding

    @property
    def target(self) -> Format:
        return self._links[-1].target

    @property
    def kept(self) -> Kept:
        return self._links[-1].kept

    def __len__(self) -> int:
        return self._links[-1].frames

    def __iter__(self) -> Iterator[Frame]:
        """Between two frames it is the encoder that works, for whichever step chose how to write."""
        self._track.step = self._writer
        yield self._first
        if len(self) == 1:
            return
        for index, frame in enumerate(islice(self._picture.frames(), 1, len(self)), start=1):
            image = frame.image
            for link in self._links:
                image = self._apply(link, image, index)
                if link is not self._links[-1]:
                    image, _ = link.handed_over(image)
            self._track.step = self._writer
            yield Frame(image, frame.duration)

    def _join(self, steps: Sequence[Step]) -> Frame:
        """Run the first frame through all steps, and find out on the way what each of them is given."""
        self._track.tell("decoding")
        link = self._link(steps[0], self._picture.source, self._picture.kept(), Encoding())
        decoded = next(self._picture.frames())
        image, duration = decoded.image, decoded.duration
        del decoded  # or its pixels would stay in memory through all steps
        image = self._apply(link, image, 0)
        for step in steps[1:]:
            image, kept = link.handed_over(image)
            link = self._link(step, link.described(image), kept, link.encoding)
            image = self._apply(link, image, 0)
        return Frame(image, duration)

    def _link(self, step: Step, source: SourceImage, kept: Kept, earlier: Encoding) -> _Link:
        self._track.step = step
        own = step.tool.encoding(step.settings, source)
        if decides(own):
            self._writer = step
        encoding = combined(earlier, own)
        limits = self._picture.limits
        check_size(source, limits)
        target = check_writing(step.tool, step.settings, source, limits, encoding)
        frames = encode.frames_kept(source, target, encoding)
        link = _Link(step, source, kept, own, encoding, target, frames)
        self._links.append(link)
        return link

    def _apply(self, link: _Link, image: Image.Image, frame: int) -> Image.Image:
        step = link.step
        progress = self._track.begin(step, frame, len(self))
        progress(0.0, "processing")
        result: Image.Image = step.tool.function(image, step.settings, progress)
        check_output(result.size, self._picture.limits)
        if frame == 0:
            self._track.made(step, result.size)
        progress(1.0, "encoding" if step is self._last else "")
        return result
