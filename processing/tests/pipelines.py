"""Pipelines run in this process, and tools made for a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processing import registry
from processing.engine.execute import execute
from processing.engine.request import (
    InputFile,
    Limits,
    OutputFile,
    PipelineRequest,
    RunRequest,
    RunResult,
    StepRequest,
)
from processing.tooling import Progress, Result, Tool
from processing.tooling.declare import same_as_input

Asked = tuple[str, dict[str, Any]]
"""Id of an image tool and settings."""


def run_steps(
    path: Path,
    *steps: Asked,
    limits: Limits | None = None,
    preview: bool = False,
    progress_path: Path | None = None,
) -> RunResult:
    output_dir = path.parent / "pipeline"
    output_dir.mkdir()
    asked = tuple(StepRequest(f"image/{tool}", settings) for tool, settings in steps)
    file = InputFile(path, path.name)
    return execute(PipelineRequest(asked, file, output_dir, limits or Limits(), progress_path, preview))


def run_in_turn(path: Path, *steps: Asked) -> OutputFile:
    """Each tool alone on the file that the one before has written."""
    for number, (tool, settings) in enumerate(steps):
        output_dir = path.parent / f"turn-{number}"
        output_dir.mkdir()
        request = RunRequest(f"image/{tool}", settings, (InputFile(path, path.name),), output_dir)
        (output,) = execute(request).outputs
        path = output.path
    return output


def copying(tool_id: str, suffix: str = "", **options: Any) -> Tool[Any]:
    """A file tool that copies its file, with some bytes behind it."""

    def copy(inputs: list[Path], output_dir: Path, settings: Any, progress: Progress) -> Result:
        progress(0.5, "copying")
        target = output_dir / inputs[0].name
        target.write_bytes(inputs[0].read_bytes() + suffix.encode())
        return Result([target])

    return file_tool(tool_id, copy, **options)


def file_tool(tool_id: str, function: Callable[..., Result], **options: Any) -> Tool[Any]:
    compress = registry.find("compress")
    chosen = {"one_to_one": True, "title": tool_id.title(), **options}
    return replace(compress, id=tool_id, kind="file", function=function, encoding=same_as_input, **chosen)


def add_tools(monkeypatch: pytest.MonkeyPatch, *tools: Tool[Any]) -> None:
    """Have the registry know these too, until the end of the test."""
    known = {tool.id: tool for tool in (*registry.all_tools(), *tools)}
    monkeypatch.setattr(registry, "_catalogue", lambda: known)
