"""What can be refused before the work is done, or a step of it."""

from __future__ import annotations

from typing import Any

from processing.engine import encode
from processing.engine.formats import FORMATS, Format
from processing.engine.request import Limits
from processing.tooling import Encoding, InvalidInput, SourceImage, Tool, ToolError, ToolSettings


def check(tool: Tool[Any], settings: ToolSettings, source: SourceImage, limits: Limits) -> Format:
    """Refuse what can be refused before any work; returns the format that an image tool will write.

    Raises InvalidInput, ToolUnavailable, ToolError.
    """
    return check_writing(tool, settings, source, limits, tool.encoding(settings, source))


def check_writing(
    tool: Tool[Any], settings: ToolSettings, source: SourceImage, limits: Limits, encoding: Encoding
) -> Format:
    """`check` for a result that is written otherwise than the tool alone would have it."""
    check_readable(tool, source)
    target = encode.target_format(encoding, source)
    encode.ensure_writable(target.id)
    if tool.output_size is not None:
        size = tool.output_size(settings, source)
        check_output(size, limits)
        encode.check_sides(size, target)
    return target


def check_readable(tool: Tool[Any], source: SourceImage) -> None:
    """Raises InvalidInput for a format that the tool does not take."""
    if tool.reads and source.format not in tool.reads:
        known = ", ".join(FORMATS[format_id].title for format_id in tool.reads)
        message = f"{tool.title} reads {known}, but this is {FORMATS[source.format].title}."
        raise InvalidInput(message, code="UNSUPPORTED_FORMAT")


def check_output(size: tuple[int, int], limits: Limits) -> None:
    megapixels = size[0] * size[1] / 1e6
    if limits.max_megapixels and megapixels > limits.max_megapixels:
        raise ToolError(
            "IMAGE_TOO_LARGE",
            f"The result of {size[0]}x{size[1]} ({megapixels:.1f} megapixels) exceeds maximum size of "
            f"{limits.max_megapixels:g} megapixels.",
        )
