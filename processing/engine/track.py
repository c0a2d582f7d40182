"""Where a run of one or more steps is: which is at work, what the others have made, how far all of it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from processing.engine.request import OutputFile
from processing.tooling import Progress, Tool, ToolSettings

_BEFORE_ENCODING = 0.9
"""The share of a run that is not its last encoding."""


@dataclass(frozen=True)
class Step:
    """`number` counts from 1."""

    number: int
    tool: Tool[Any]
    settings: ToolSettings


@dataclass(frozen=True)
class _Made:
    """`size` is that of the file that a step wrote. A result that stayed in memory has none: to tell one, it
    would have to be encoded for nothing else."""

    width: int | None
    height: int | None
    size: int | None = None


class Track:
    """`step` is the one at work, and so the one at fault when something fails."""

    def __init__(self, steps: Sequence[Step], progress: Progress) -> None:
        self.step = steps[0]
        self.steps = steps
        self._progress = progress
        self._together = steps
        self._made: dict[int, _Made] = {}
        """By the step's number."""

    def enter(self, together: Sequence[Step]) -> None:
        """These steps begin, each on one frame after the other."""
        self._together = together
        self.step = together[0]

    def tell(self, stage: str) -> None:
        self._tell(self._together[0].number - 1, stage)

    def begin(self, step: Step, frame: int = 0, frames: int = 1) -> Progress:
        """The progress of one step on one frame."""
        self.step = step
        before, width = self._together[0].number - 1, len(self._together)

        def progress(fraction: float, stage: str = "") -> None:
            on_frame = (step.number - 1 - before + fraction) / width
            self._tell(before + width * (frame + on_frame) / frames, stage)

        return progress

    def _tell(self, steps_done: float, stage: str) -> None:
        count = len(self.steps)
        if count > 1 and stage:
            stage = f"step {self.step.number} of {count}: {stage}"
        self._progress(_BEFORE_ENCODING * steps_done / count, stage)

    def made(self, step: Step, size: tuple[int, int]) -> None:
        """What a step has made in memory, in pixels."""
        self._made[step.number] = _Made(*size)

    def wrote(self, step: Step, output: OutputFile) -> None:
        self._made[step.number] = _Made(output.width, output.height, output.bytes)

    def told(self, steps: Iterable[Step]) -> list[dict[str, Any]]:
        """What these steps have made, for the answer."""
        return [
            {"step": step.number, "toolId": step.tool.id, **vars(self._made[step.number])} for step in steps
        ]

    def told_before(self) -> list[dict[str, Any]]:
        """What the steps before the one at work have made."""
        return self.told(self.steps[: self.step.number - 1])
