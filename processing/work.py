"""What is done to a file: one tool, or several one after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from accounts.models import User
from processing.catalogue import require_usable
from processing.engine.checks import check
from processing.engine.track import Step
from processing.limits import current_limits
from processing.models import PIPELINE
from processing.pipelines.definition import PipelineStep, parse_definition
from processing.pipelines.forecast import foresee
from processing.pipelines.steps import require_possible, resolved, stored
from processing.tooling import SettingsError, SettingsNotJson, SourceImage, Tool, ToolSettings
from snapotter.common.wire import read_json

MAX_SETTINGS_BYTES: Final = 64 * 1024


class Work(Protocol):
    """`type`, `tool_id` and `settings` are as the row of a job holds them; `of_batch` are the settings of a
    batch, each of whose members does this."""

    @property
    def type(self) -> str: ...

    @property
    def tool_id(self) -> str: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def of_batch(self) -> dict[str, Any]: ...

    def require_usable(self, *, user: User) -> None:
        """Raises NotFound for a tool that is turned off, PermissionRefused for one `user` may not use."""

    def check(self, source: SourceImage) -> None:
        """Refuse before any work what is sure to fail. Raises what the engine's `check` raises."""

    def megapixels(self, source: SourceImage) -> float:
        """About how much it is."""


@dataclass(frozen=True)
class ToolWork:
    tool: Tool[Any]
    tool_settings: ToolSettings

    @classmethod
    def parse(cls, tool: Tool[Any], text: str) -> ToolWork:
        """With settings that are a JSON object as text, empty for the defaults.

        Raises SettingsNotJson, and SettingsError for what is no object, or not valid for the tool.
        """
        if len(text) > MAX_SETTINGS_BYTES:
            raise SettingsError([("", f"must not be longer than {MAX_SETTINGS_BYTES // 1024} KB")])
        try:
            values = read_json(text or "{}")
        except ValueError as error:
            raise SettingsNotJson([("", f"must be valid JSON: {error}")]) from None
        return cls(tool, tool.settings_model.parse(values))

    @property
    def type(self) -> str:
        return self.tool.id

    @property
    def tool_id(self) -> str:
        return self.tool.id

    @property
    def settings(self) -> dict[str, Any]:
        return self.tool_settings.wire()

    @property
    def of_batch(self) -> dict[str, Any]:
        return {"toolId": self.tool.id, "settings": self.settings}

    def require_usable(self, *, user: User) -> None:
        require_usable(self.tool, user=user)

    def check(self, source: SourceImage) -> None:
        check(self.tool, self.tool_settings, source, current_limits())

    def megapixels(self, source: SourceImage) -> float:
        return _megapixels(source, self.tool)


@dataclass(frozen=True)
class PipelineWork:
    steps: Sequence[Step]

    type = PIPELINE
    tool_id = ""

    @classmethod
    def parse(cls, text: str, *, user: User) -> PipelineWork:
        """Of a definition as JSON text. Raises what `parse_definition` and `resolved` raise."""
        return cls.of(parse_definition(text), user=user)

    @classmethod
    def of(cls, steps: Sequence[PipelineStep], *, user: User) -> PipelineWork:
        """Raises what `resolved` raises."""
        return cls(resolved(steps, user=user))

    @property
    def settings(self) -> dict[str, Any]:
        return stored(self.steps)

    @property
    def of_batch(self) -> dict[str, Any]:
        return self.settings

    def require_usable(self, *, user: User) -> None:
        for step in self.steps:
            require_usable(step.tool, user=user)

    def check(self, source: SourceImage) -> None:
        require_possible(self.steps, source, current_limits())

    def megapixels(self, source: SourceImage) -> float:
        """Only the first step reads the file, so the file's bytes count once."""
        first, *later = foresee(self.steps, source)
        rest = (_megapixels(replace(seen.given, bytes=0), seen.step.tool) for seen in later)
        return _megapixels(first.given, first.step.tool) + sum(rest)


def _megapixels(source: SourceImage, tool: Tool[Any]) -> float:
    """All frames count, as each is decoded, changed and encoded; and so do bytes, which tell more of a
    drawing. A heavy tool is more than any other."""
    if tool.heavy:
        return math.inf
    return max(source.width * source.height * source.frames / 1e6, source.bytes / 1e6)
