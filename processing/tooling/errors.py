"""The expected failures of a tool run. Anything else a tool raises is a bug and is logged as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snapotter.common.errors import SnapOtterError


class InvalidInput(SnapOtterError):
    """The file cannot be accepted."""

    status = 400
    code = "INVALID_IMAGE"


class SettingsError(SnapOtterError):
    """Invalid settings"""

    status = 400
    code = "INVALID_SETTINGS"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """`problems` are (path, message) pairs; the path is dotted, in wire names, empty for the whole
        object."""
        self.problems = [(path, message) for path, message in problems]
        super().__init__(details="; ".join(f"{path or 'settings'}: {message}" for path, message in problems))

    def __reduce__(self) -> tuple[type[SettingsError], tuple[list[tuple[str, str]]]]:
        return type(self), (self.problems,)


class SettingsNotJson(SettingsError):
    """Invalid settings: they must be valid JSON"""


class ToolError(SnapOtterError):
    """Processing failed"""

    status = 422
    code = "PROCESSING_FAILED"

    def __init__(self, code: str, message: str, *, path: str | None = None) -> None:
        """`path` names the setting at fault (wire name), so that the page can mark its field."""
        self.path = path
        super().__init__("Processing failed", code=code, details=message)

    def __reduce__(self) -> tuple[type[ToolError], tuple[str, str], dict[str, str | None]]:
        return type(self), (self.code, str(self.details)), {"path": self.path}

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        self.path = (state or {}).get("path")


class ToolUnavailable(SnapOtterError):
    """This needs a feature that is not installed here."""

    status = 501
    code = "FEATURE_NOT_INSTALLED"
