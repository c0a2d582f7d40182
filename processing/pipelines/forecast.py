"""What each step of a pipeline will be given and will write, as far as the declarations of the tools tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from processing.engine import encode
from processing.engine.chain import combined
from processing.engine.codecs import icon_size
from processing.engine.formats import Format
from processing.engine.track import Step
from processing.tooling import Encoding, Size, SourceImage


@dataclass(frozen=True)
class Foreseen:
    """`given` is what the step finds; `encoding` is how its result would be written, all steps before it
    that stayed in memory considered, and `own` what this one says about it. `size` is that of its result.
    `is_given_exact` says that the size of `given` is no guess, `is_written` that the result does not stay in
    memory."""

    step: Step
    given: SourceImage
    own: Encoding
    encoding: Encoding
    target: Format
    size: Size
    is_given_exact: bool
    is_written: bool

    @property
    def result(self) -> SourceImage:
        loses = self.step.tool.loses
        frames = encode.frames_kept(self.given, self.target, self.encoding)
        width, height = icon_size(self.size) if encode.becomes_icon(self.own, self.target) else self.size
        return replace(
            self.given,
            format=self.target.id,
            width=width,
            height=height,
            frames=1 if "animation" in loses else frames,
            has_alpha=self.given.has_alpha and self.target.alpha and "alpha" not in loses,
        )


def foresee(steps: Sequence[Step], source: SourceImage, *, shrinking: float = 1.0) -> Iterator[Foreseen]:
    """One forecast per step. A tool that does not declare its `output_size` makes nothing larger: of those,
    `shrinking` (0..1) is what becomes of each side."""
    given, earlier, is_exact = source, Encoding(), True
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        own = step.tool.encoding(step.settings, given)
        encoding = own if step.tool.kind == "file" else combined(earlier, own)
        size = _size(step, given, shrinking)
        target = encode.target_format(encoding, given)
        is_written = following is None or "file" in (step.tool.kind, following.tool.kind)
        foreseen = Foreseen(step, given, own, encoding, target, size, is_exact, is_written)
        yield foreseen
        is_exact = is_exact and step.tool.output_size is not None
        given = foreseen.result
        earlier = Encoding() if step.tool.kind == "file" else encoding


def _size(step: Step, given: SourceImage, shrinking: float) -> Size:
    if step.tool.output_size is not None:
        return step.tool.output_size(step.settings, given)
    return max(1, round(given.width * shrinking)), max(1, round(given.height * shrinking))
