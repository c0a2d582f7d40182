"""What crosses the border between the engine's callers and the child process: plain, picklable values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processing.tooling.declare import Encoding


@dataclass(frozen=True)
class Limits:
    """0 means unlimited."""

    max_megapixels: float = 120
    max_svg_bytes: int = 10 * 2**20
    timeout_seconds: float = 300
    memory_bytes: int = 3 * 2**30


@dataclass(frozen=True)
class InputFile:
    path: Path
    name: str
    """The sanitised name the user gave it; the path is ours and says nothing."""


@dataclass(frozen=True)
class RunRequest:
    """Run one tool. `settings` are JSON values in wire names, validated already.

    Outputs are written into `output_dir` (exists, empty, ours alone); the child writes progress to
    `progress_path`, see processing.engine.progress_file.
    """

    tool: str
    """`<section>/<id>`"""
    settings: dict[str, Any]
    inputs: tuple[InputFile, ...]
    output_dir: Path
    limits: Limits = field(default_factory=Limits)
    progress_path: Path | None = None
    encoding: Encoding | None = None
    """How to write the result, whatever the tool would choose."""
    preview: bool = False
    """Also write `preview.webp` when a browser cannot show the output."""


@dataclass(frozen=True)
class StepRequest:
    tool: str
    """`<section>/<id>`"""
    settings: dict[str, Any]


@dataclass(frozen=True)
class PipelineRequest:
    """Run tools one after another, each on the result of the one before. Otherwise as RunRequest."""

    steps: tuple[StepRequest, ...]
    input: InputFile
    output_dir: Path
    limits: Limits = field(default_factory=Limits)
    progress_path: Path | None = None
    preview: bool = False


Request = RunRequest | PipelineRequest


@dataclass(frozen=True)
class OutputFile:
    path: Path
    name: str
    """What the user shall see it called."""
    format: str
    mime_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    frames: int = 1


@dataclass(frozen=True)
class RunResult:
    outputs: tuple[OutputFile, ...]
    data: dict[str, Any] = field(default_factory=dict)
    preview: OutputFile | None = None
    source_width: int | None = None
    source_height: int | None = None
