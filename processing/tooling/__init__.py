"""What a tool is made of. No Django here or in any tool: a tool knows no job, user, path policy or request.

from processing.tooling import Field, Image, Progress, ToolError, ToolSettings, image_tool
"""

from processing.tooling.declare import (
    Encoding,
    Image,
    Result,
    Size,
    SourceImage,
    Tool,
    Trait,
    file_tool,
    image_tool,
)
from processing.tooling.errors import (
    InvalidInput,
    SettingsError,
    SettingsNotJson,
    ToolError,
    ToolUnavailable,
)
from processing.tooling.progress import Progress, no_progress
from processing.tooling.settings import Field, ToolSettings, WholeNumber
from processing.tooling.source import full_size

__all__ = [
    "Encoding",
    "Field",
    "Image",
    "InvalidInput",
    "Progress",
    "Result",
    "SettingsError",
    "SettingsNotJson",
    "Size",
    "SourceImage",
    "Tool",
    "ToolError",
    "ToolSettings",
    "ToolUnavailable",
    "Trait",
    "WholeNumber",
    "file_tool",
    "full_size",
    "image_tool",
    "no_progress",
]
