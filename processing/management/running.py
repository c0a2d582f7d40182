"""A run for whoever sits at the server: on a file as it lies there, in a child of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.core.management import CommandError

from processing.engine.inspect import inspect
from processing.engine.names import sanitise
from processing.engine.pool import ChildPool
from processing.engine.request import InputFile, Limits, Request, RunResult
from processing.limits import current_limits
from processing.tooling import SourceImage

MakeRequest = Callable[[InputFile, SourceImage, Limits, Path], Request]
"""From the file, what it is, the limits and the output directory."""


def run_on_file(source: Path, target: Path, request: MakeRequest, *, force: bool) -> list[Path]:
    """Run under the configured limits and move what was made to `target`, which may be a directory.

    Raises SnapOtterError, OSError, CommandError for a target that exists.
    """
    limits = current_limits()
    with source.open("rb"):  # a clear OSError for what cannot be read
        known = inspect(source, source.name, limits)
    file = InputFile(source, sanitise(source.name, fallback="image"))
    with tempfile.TemporaryDirectory() as scratch:
        asked = request(file, known, limits, Path(scratch))
        pool = ChildPool(1, memory_bytes=limits.memory_bytes)
        try:
            return _move(pool.submit(asked).wait(None), target, force=force)
        finally:
            pool.close()


def _move(result: RunResult, target: Path, *, force: bool) -> list[Path]:
    paths = [target / output.name if target.is_dir() else target for output in result.outputs]
    if len(paths) > 1 and not target.is_dir():
        raise CommandError(f"the tool made {len(paths)} files: OUTPUT must be a directory")
    for output, path in zip(result.outputs, paths, strict=True):
        if path.exists() and not force:
            raise CommandError(f"{path} exists; --force overwrites it")
        shutil.move(output.path, path)
    return paths
