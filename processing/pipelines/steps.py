"""From a definition to steps that can run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.permissions import may_use_tool
from processing import registry
from processing.catalogue import is_enabled
from processing.engine import encode
from processing.engine.checks import check_readable, check_writing
from processing.engine.errors import StepFailed
from processing.engine.request import Limits
from processing.engine.track import Step
from processing.pipelines.definition import PipelineStep
from processing.pipelines.forecast import Foreseen, foresee
from processing.tooling import SettingsError, SourceImage, Tool, ToolError
from snapotter.common.errors import PermissionRefused, SnapOtterError, ValidationFailed


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


def stored(steps: Sequence[Step]) -> dict[str, Any]:
    """The steps as `jobs.settings` holds them."""
    return {"steps": [{"toolId": step.tool.id, "settings": step.settings.wire()} for step in steps]}


def require_possible(steps: Sequence[Step], source: SourceImage, limits: Limits) -> None:
    """Refuse before any work what is sure to fail later.

    Raises, with the step in its message, InvalidInput (a format that a step does not read), ToolUnavailable
    (one that cannot be written here), StepFailed (a result too large for limits or format).
    """
    for seen in foresee(steps, source):
        try:
            _require_possible(seen, limits)
        except ToolError as error:
            raise StepFailed.of(seen.step, error, []) from None
        except SnapOtterError as error:
            raise _at_step(seen.step, error) from None


def _at_step(step: Step, error: SnapOtterError) -> SnapOtterError:
    message = f"Step {step.number} ({step.tool.title}): {error.message}"
    return type(error)(message, code=error.code, details=error.details, step=step.number, **error.extra)


def _require_possible(seen: Foreseen, limits: Limits) -> None:
    tool, settings = seen.step.tool, seen.step.settings
    if seen.is_given_exact:
        check_writing(tool, settings, seen.given, limits, seen.encoding)
    else:
        check_readable(tool, seen.given)
        encode.ensure_writable(seen.target.id)
