"""What a pipeline is on the wire, and how it becomes steps that can run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from django.conf import settings
from pydantic import AfterValidator, BeforeValidator, Field

from accounts.permissions import may_use_tool
from processing import registry
from processing.catalogue import is_enabled
from processing.engine.track import Step
from processing.tooling import SettingsError, Tool
from snapotter.common.errors import PermissionRefused, SnapOtterError, ValidationFailed
from snapotter.common.wire import WireModel, parse_body

MAX_BYTES: Final = 256 * 1024
"""Of a whole definition as JSON."""
MAX_DEPTH: Final = 20
MAX_TOOL_ID: Final = 100
_UNSTORABLE: Final = re.compile(r"[\0\ud800-\udfff]")


def _storable(value: Any, depth: int = 0) -> Any:
    """Refuse the text that PostgreSQL cannot keep, and what is nested beyond all sense."""
    if depth > MAX_DEPTH:
        raise ValueError("is nested too deeply")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise ValueError("must hold neither NUL characters nor lone surrogates")
    parts = value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else ()
    for part in parts:
        _storable(part, depth + 1)
    return value


Storable = AfterValidator(lambda value: _storable(value))


class PipelineStep(WireModel):
    tool_id: Annotated[str, Field(min_length=1, max_length=MAX_TOOL_ID), Storable]
    settings: Annotated[dict[str, Any], Storable] = Field(default_factory=dict)


def _not_too_many(steps: Any) -> Any:
    """Before each step is looked at: what is wrong with thousands of them nobody wants to read."""
    most = settings.MAX_PIPELINE_STEPS
    if most and isinstance(steps, list) and len(steps) > most:
        raise ValueError(f"must hold at most {most} steps, not {len(steps)}")
    return steps


def _not_too_long(steps: list[PipelineStep]) -> list[PipelineStep]:
    if len(json.dumps([step.wire() for step in steps])) > MAX_BYTES:
        raise ValueError(f"must not be longer than {MAX_BYTES // 1024} KB")
    return steps


Steps = Annotated[
    list[PipelineStep],
    Field(min_length=1),
    BeforeValidator(_not_too_many),
    AfterValidator(_not_too_long),
]


class PipelineDefinition(WireModel):
    steps: Steps


def parse_definition(text: str) -> list[PipelineStep]:
    """The `pipeline` part of a form: JSON as text.

    Raises ValidationFailed for none, what is not JSON, and what is no pipeline (`details` says why).
    """
    if not text.strip():
        raise ValidationFailed("No pipeline was sent", code="NO_PIPELINE")
    if len(text) > MAX_BYTES:
        raise ValidationFailed(f"The pipeline must not be longer than {MAX_BYTES // 1024} KB")
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValidationFailed("The pipeline must be valid JSON", details=str(error)) from None
    try:
        return parse_body(PipelineDefinition, values).steps
    except ValidationFailed as error:
        raise ValidationFailed("Invalid pipeline", details=_in_words(error)) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _in_words(error: ValidationFailed) -> str:
    if not isinstance(error.details, list):
        return error.message
    return "; ".join(f"{problem['path']}: {problem['message']}" for problem in error.details)


class StepNotFound(ValidationFailed):
    """The tool of a step was not found."""

    code = "TOOL_NOT_FOUND"


class StepSettingsInvalid(ValidationFailed):
    """The settings of a step are not valid."""

    code = "INVALID_SETTINGS"


def resolved(steps: Sequence[PipelineStep], *, user: Any) -> list[Step]:
    """Every step with its tool and its parsed settings.

    Raises what `resolved_step` raises, for the first step at fault.
    """
    return [resolved_step(number, step, user=user) for number, step in enumerate(steps, start=1)]


def resolved_steps(
    steps: Sequence[PipelineStep], *, user: Any
) -> tuple[list[Step], dict[int, SnapOtterError]]:
    """The steps that can run, and what is wrong with the others, by number."""
    good, problems = [], {}
    for number, step in enumerate(steps, start=1):
        try:
            good.append(resolved_step(number, step, user=user))
        except SnapOtterError as error:
            problems[number] = error
    return good, problems


def resolved_step(number: int, asked: PipelineStep, *, user: Any) -> Step:
    """Raises StepNotFound, PermissionRefused for a tool that `user` may not use, StepSettingsInvalid."""
    tool = tool_of_step(number, asked)
    if not may_use_tool(user, tool.id, tool.category):
        raise PermissionRefused(
            f"Step {number} ({tool.title}): your role does not allow this tool", step=number
        )
    return _with_settings(number, tool, asked)


def operators_step(number: int, asked: PipelineStep) -> Step:
    """The step for whoever runs commands on the server, whom no role and no setting limits.

    Raises StepNotFound, StepSettingsInvalid.
    """
    return _with_settings(number, _known_tool(number, asked), asked)


def _with_settings(number: int, tool: Tool[Any], asked: PipelineStep) -> Step:
    try:
        return Step(number, tool, tool.settings_model.parse(asked.settings))
    except SettingsError as error:
        problems = [{"path": path, "message": message} for path, message in error.problems]
        message = f"Step {number} ({tool.title}): invalid settings"
        raise StepSettingsInvalid(message, details=problems, step=number) from None


def tool_of_step(number: int, asked: PipelineStep) -> Tool[Any]:
    """Raises StepNotFound for a tool that is unknown, turned off, or does not make one file from one."""
    tool = _known_tool(number, asked)
    if not is_enabled(tool):
        raise _not_found(number, tool.id)
    return tool


def _known_tool(number: int, asked: PipelineStep) -> Tool[Any]:
    tool_id = _tool_id(asked)
    try:
        tool = registry.find(tool_id)
    except KeyError:
        raise _not_found(number, tool_id) from None
    if not tool.can_be_step:
        raise _not_found(number, tool_id, " among the tools that can be a step")
    return tool


def _not_found(number: int, tool_id: str, where: str = "") -> StepNotFound:
    return StepNotFound(f"Step {number}: the tool {tool_id!r} was not found{where}", step=number)


def _tool_id(asked: PipelineStep) -> str:
    """1.x clients ask for the content-aware kind of resizing, a tool of its own, by a setting."""
    if asked.tool_id == "resize" and asked.settings.get("contentAware"):
        return "content-aware-resize"
    return asked.tool_id
