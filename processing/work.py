"""What is done to a file: one tool, or several one after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from accounts.models import User
from processing.catalogue import require_usable
from processing.engine.checks import check
from processing.engine.encode import most_writes
from processing.engine.track import Step
from processing.limits import current_limits
from processing.models import PIPELINE
from processing.pipelines.definition import PipelineStep, parse_definition
from processing.pipelines.forecast import Foreseen, foresee
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
        return _megapixels([Step(1, self.tool, self.tool_settings)], source)


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
        return _megapixels(self.steps, source)


def _megapixels(steps: Sequence[Step], source: SourceImage) -> float:
    """Of the file, which the first step reads, bytes count too: they tell more of a drawing."""
    first, *later = (_megapixels_of_step(seen) for seen in foresee(steps, source))
    return max(first, source.bytes / 1e6) + sum(later)


def _megapixels_of_step(seen: Foreseen) -> float:
    """What it is given or what it makes, whichever is more. All frames count, as each is decoded, changed and
    encoded, and in search of a file size encoded again and again. A heavy tool is more than any other."""
    if seen.step.tool.heavy:
        return math.inf
    writes = most_writes(seen.encoding, seen.target) if seen.is_written else 1
    return max(_all_frames(seen.given), _all_frames(seen.result) * writes)


def _all_frames(source: SourceImage) -> float:
    return source.width * source.height * source.frames / 1e6
