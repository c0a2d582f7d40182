"""Run one tool or a pipeline on its files. This is what happens inside the child process."""

from __future__ import annotations

from dataclasses import replace

from processing import registry
from processing.engine import pipeline
from processing.engine.chain import Chain
from processing.engine.inspect import inspect
from processing.engine.names import output_name
from processing.engine.outputs import RESULT, described, previewed, written
from processing.engine.request import PipelineRequest, Request, RunRequest, RunResult
from processing.engine.track import Step, Track
from processing.tooling import Progress, no_progress


def execute(request: Request) -> RunResult:
    """Raises SettingsError, InvalidInput, ToolError, ToolUnavailable, StepFailed; anything else is a bug."""
    progress = _progress(request)
    if isinstance(request, PipelineRequest):
        result = pipeline.run(request, progress)
    else:
        result = _run_one(request, progress)
    progress(1.0, "done")
    return result


def _progress(request: Request) -> Progress:
    if request.progress_path is None:
        return no_progress
    from processing.engine.progress_file import writer

    writing: Progress = writer(request.progress_path)
    return writing


def _run_one(request: RunRequest, progress: Progress) -> RunResult:
    section, _, tool_id = request.tool.partition("/")
    tool = registry.get(section, tool_id)
    if request.encoding is not None:
        encoding = request.encoding
        tool = replace(tool, encoding=lambda settings, source: encoding)
    step = Step(1, tool, tool.settings_model.parse(request.settings))
    run = _run_on_image if tool.kind == "image" else _run_on_files
    return run(step, request, progress)


def _run_on_image(step: Step, request: RunRequest, progress: Progress) -> RunResult:
    (input_file,) = request.inputs
    source = inspect(input_file.path, input_file.name, request.limits)
    chain = Chain(input_file.path, source, [step], request.limits, Track([step], progress))
    name = output_name(input_file.name, step.tool.id, chain.target, chain.encoding)
    return RunResult(
        outputs=(written(chain, request.output_dir / RESULT, name),),
        preview=previewed(chain, request.output_dir) if request.preview else None,
        source_width=source.width,
        source_height=source.height,
    )


def _run_on_files(step: Step, request: RunRequest, progress: Progress) -> RunResult:
    paths = [file.path for file in request.inputs]
    result = step.tool.function(paths, request.output_dir, step.settings, progress)
    return RunResult(
        outputs=tuple(described(path, request.limits) for path in result.outputs), data=result.data
    )
