"""Run tools one after another. Image tools that follow each other share one decoding and one encoding; a file
tool works on the file that these wrote, and what comes after it on the file that it wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from processing import registry
from processing.engine.chain import Chain
from processing.engine.checks import check
from processing.engine.errors import StepFailed
from processing.engine.inspect import inspect
from processing.engine.names import name_in_pipeline
from processing.engine.outputs import RESULT, described, previewed, written
from processing.engine.request import InputFile, OutputFile, PipelineRequest, RunResult, StepRequest
from processing.engine.track import Step, Track
from processing.tooling import Progress, ToolError
from snapotter.common.errors import SnapOtterError


def run(request: PipelineRequest, progress: Progress) -> RunResult:
    """The result of the last step; `data` tells what each step has made.

    Raises StepFailed for what goes wrong within a step, InvalidInput for the input, SettingsError.
    """
    steps = [_parsed(number, asked) for number, asked in enumerate(request.steps, start=1)]
    source = inspect(request.input.path, request.input.name, request.limits)
    work = _Work(request, Track(steps, progress))
    for together in _stretches(steps):
        work.run(together)
    return RunResult(
        outputs=(work.output,),
        data={"stepsCompleted": len(steps), "steps": work.track.told(steps)},
        preview=work.preview,
        source_width=source.width,
        source_height=source.height,
    )


def _parsed(number: int, asked: StepRequest) -> Step:
    section, _, tool_id = asked.tool.partition("/")
    tool = registry.get(section, tool_id)
    return Step(number, tool, tool.settings_model.parse(asked.settings))


def _stretches(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Steps that work on frames in memory together, and file tools each alone."""
    for _, together in groupby(steps, key=lambda step: step.number if step.tool.kind == "file" else 0):
        yield list(together)


class _Work:
    """A pipeline on its way, and the file it has come to."""

    output: OutputFile

    def __init__(self, request: PipelineRequest, track: Track) -> None:
        self._request = request
        self._file = request.input
        self.track = track
        self.preview: OutputFile | None = None

    def run(self, together: Sequence[Step]) -> None:
        self.track.enter(together)
        try:
            if together[0].tool.kind == "image":
                self._run_in_memory(together)
            else:
                self._run_on_file(together[0])
        except SnapOtterError as error:
            raise StepFailed.of(self.track.step, error, self.track.told_before()) from None
        self._file = InputFile(self.output.path, self.output.name)

    def _is_last(self, step: Step) -> bool:
        return step.number == len(self.track.steps)

    def _directory(self, step: Step) -> Path:
        """Only the result may lie in the output directory itself."""
        if self._is_last(step):
            return self._request.output_dir
        directory = self._request.output_dir / f"step-{step.number}"
        directory.mkdir()
        return directory

    def _run_in_memory(self, together: Sequence[Step]) -> None:
        limits, last = self._request.limits, together[-1]
        source = inspect(self._file.path, self._file.name, limits)
        chain = Chain(self._file.path, source, together, limits, self.track)
        name = name_in_pipeline(self._file.name, chain.target, chain.encoding)
        # A file tool knows a file by its path alone, and may name its own after it.
        path = self._directory(last) / (RESULT if self._is_last(last) else name)
        self.output = written(chain, path, name)
        self.track.wrote(last, self.output)
        if self._is_last(last) and self._request.preview:
            self.preview = previewed(chain, self._request.output_dir)

    def _run_on_file(self, step: Step) -> None:
        path, limits = self._file.path, self._request.limits
        check(step.tool, step.settings, inspect(path, self._file.name, limits), limits)
        result = step.tool.function([path], self._directory(step), step.settings, self.track.begin(step))
        if len(result.outputs) != 1:
            raise ToolError("NOT_ONE_FILE", f"It made {len(result.outputs)} files instead of one.")
        self.output = described(result.outputs[0], limits)
        self.track.wrote(step, self.output)
