"""Run one tool on its files. This is what happens inside the child process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from PIL import Image

from processing import registry
from processing.engine import encode
from processing.engine.decode import Frame, Picture
from processing.engine.formats import FORMATS, HEAD_BYTES, Format, detect
from processing.engine.inspect import inspect
from processing.engine.names import output_name
from processing.engine.request import InputFile, Limits, OutputFile, RunRequest, RunResult
from processing.tooling import (
    InvalidInput,
    Progress,
    SourceImage,
    Tool,
    ToolError,
    ToolSettings,
    no_progress,
)

PREVIEW_BOX = (1200, 1200)
PREVIEW_QUALITY = 80


def execute(request: RunRequest) -> RunResult:
    """Raises SettingsError, InvalidInput, ToolError, ToolUnavailable; anything else is a bug."""
    section, _, tool_id = request.tool.partition("/")
    tool = registry.get(section, tool_id)
    if request.encoding is not None:
        encoding = request.encoding
        tool = replace(tool, encoding=lambda settings, source: encoding)
    settings = tool.settings_model.parse(request.settings)
    progress = _progress(request)
    run = _run_on_image if tool.kind == "image" else _run_on_files
    result = run(tool, settings, request, progress)
    progress(1.0, "done")
    return result


def check(tool: Tool[Any], settings: ToolSettings, source: SourceImage, limits: Limits) -> Format:
    """Refuse what can be refused before any work; returns the format that an image tool will write.

    Raises ToolUnavailable, ToolError.
    """
    target = encode.target_format(tool.encoding(settings, source), source)
    encode.ensure_writable(target.id)
    if tool.output_size is not None:
        size = tool.output_size(settings, source)
        check_output(size, limits)
        encode.check_sides(size, target)
    return target


def check_output(size: tuple[int, int], limits: Limits) -> None:
    megapixels = size[0] * size[1] / 1e6
    if limits.max_megapixels and megapixels > limits.max_megapixels:
        raise ToolError(
            "IMAGE_TOO_LARGE",
            f"The result of {size[0]}x{size[1]} ({megapixels:.1f} megapixels) exceeds maximum size of "
            f"{limits.max_megapixels:g} megapixels.",
        )


def _progress(request: RunRequest) -> Progress:
    if request.progress_path is None:
        return no_progress
    from processing.engine.progress_file import writer

    writing: Progress = writer(request.progress_path)
    return writing


def _run_on_image(
    tool: Tool[Any], settings: ToolSettings, request: RunRequest, progress: Progress
) -> RunResult:
    (input_file,) = request.inputs
    source = inspect(input_file.path, input_file.name, request.limits)
    target = check(tool, settings, source, request.limits)
    encoding = tool.encoding(settings, source)
    smallest = tool.draft_size(settings, source) if tool.draft_size else None
    picture = Picture(input_file.path, source, request.limits, smallest)
    frames = Processed(picture, tool, settings, encode.frames_kept(source, target, encoding), progress)
    destination = request.output_dir / f"output.{target.extension}"
    written = encode.encode(frames, target, encoding, picture.kept(), destination)
    name = output_name(input_file.name, tool.id, target, encoding)
    return RunResult(
        outputs=(_output(destination, name, target, written),),
        preview=_preview(frames, request) if request.preview and not target.shown_by_browsers else None,
        source_width=source.width,
        source_height=source.height,
        source_format=source.format,
    )


@dataclass
class Processed:
    """The frames of a picture after the tool, made as they are asked for."""

    picture: Picture
    tool: Tool[Any]
    settings: ToolSettings
    count: int
    progress: Progress

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Frame]:
        self.progress(0.0, "decoding")
        for index, frame in enumerate(self.picture.frames()):
            yield Frame(self._apply(frame.image, index), frame.duration)
            if index + 1 == self.count:
                return

    def _apply(self, image: Image.Image, index: int) -> Image.Image:
        def progress(fraction: float, stage: str = "") -> None:
            self.progress(0.9 * (index + fraction) / self.count, stage)

        progress(0.0, "processing")
        result: Image.Image = self.tool.function(image, self.settings, progress)
        check_output(result.size, self.picture.limits)
        progress(1.0, "encoding")
        return result


def _output(path: Path, name: str, format: Format, written: encode.Written) -> OutputFile:
    size = path.stat().st_size
    return OutputFile(path, name, format.id, format.mime, size, written.width, written.height, written.frames)


def _preview(frames: Processed, request: RunRequest) -> OutputFile | None:
    """A picture of what a browser cannot show. Its absence is no error: the result itself is there."""
    path = request.output_dir / "preview.webp"
    try:
        image = next(iter(frames)).image
        image.thumbnail(PREVIEW_BOX, Image.Resampling.LANCZOS)
        image = image.convert("RGBA" if image.mode in {"LA", "RGBA"} else "RGB")
        image.save(path, "WEBP", quality=PREVIEW_QUALITY, method=4)
    except (OSError, ValueError, ToolError):
        return None
    return OutputFile(path, path.name, "webp", "image/webp", path.stat().st_size, image.width, image.height)


def _run_on_files(
    tool: Tool[Any], settings: ToolSettings, request: RunRequest, progress: Progress
) -> RunResult:
    paths = [file.path for file in request.inputs]
    result = tool.function(paths, request.output_dir, settings, progress)
    return RunResult(
        outputs=tuple(_described(path, request.limits) for path in result.outputs), data=result.data
    )


def _described(path: Path, limits: Limits) -> OutputFile:
    """A file some tool wrote, with its size if it is an image."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            detect(file.read(HEAD_BYTES), path.name)
        source = inspect(path, path.name, Limits(max_megapixels=0, max_svg_bytes=limits.max_svg_bytes))
    except InvalidInput:
        mime = guess_type(path.name)[0] or "application/octet-stream"
        return OutputFile(path, path.name, path.suffix.lstrip(".").lower(), mime, size)
    mime = FORMATS[source.format].mime
    return OutputFile(path, path.name, source.format, mime, size, source.width, source.height, source.frames)


__all__ = ["InputFile", "check", "execute"]
