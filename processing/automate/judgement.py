"""What is wrong with the steps of a draft, and what they would lose, each told at its step."""

from __future__ import annotations

from typing import Any

from accounts.permissions import may_use_tool
from processing.automate.draft import Draft, DraftStep
from processing.catalogue import is_enabled
from processing.limits import current_limits
from processing.pipelines.check import Finding, failures, warnings
from processing.pipelines.definition import PipelineDefinition, PipelineStep
from processing.pipelines.steps import StepSettingsInvalid, resolved_steps
from processing.tooling import SourceImage
from snapotter.common.errors import SnapOtterError, ValidationFailed
from snapotter.common.wire import in_words, parse_body


def definition_of(draft: Draft) -> list[PipelineStep]:
    """Raises ValidationFailed for no steps, too many, or too much in them."""
    if not draft.steps:
        raise ValidationFailed("Add at least one step.")
    try:
        return parse_body(PipelineDefinition, {"steps": draft.wire()}).steps
    except ValidationFailed as error:
        raise ValidationFailed(in_words(error)) from None


def judge(draft: Draft, *, user: Any, source: SourceImage | None = None) -> bool:
    """Whether it can run. `source` is the picture it is to run on, if that is known.

    Raises what `definition_of` raises.
    """
    asked = definition_of(draft)
    for step in draft.steps:
        step.is_checked = True
        tell_unusable(step, user=user)
    steps, refused = resolved_steps(asked, user=user)
    for number, error in refused.items():
        _blame(draft.steps[number - 1], error)
    if refused or not all(step.is_valid for step in draft.steps):
        return False
    limits = current_limits()
    failing = failures(steps, source, limits)
    _tell(draft, failing, warnings(steps, source, limits))
    return not failing


def tell_unusable(step: DraftStep, *, user: Any) -> None:
    """Say so at a step whose tool `user` cannot use now."""
    if step.problems:
        return
    if step.tool is None:
        step.problems.append("This tool is not here any more. Remove the step, or put another in its place.")
    elif not is_enabled(step.tool):
        step.problems.append("This tool is turned off on this server.")
    elif not may_use_tool(user, step.tool.id, step.tool.category):
        step.problems.append("Your role does not allow this tool.")


def _blame(step: DraftStep, error: SnapOtterError) -> None:
    """Settings at fault are told beside their controls."""
    if not step.problems and not isinstance(error, StepSettingsInvalid):
        step.problems.append(error.message)


def _tell(draft: Draft, failing: list[Finding], found: list[Finding]) -> None:
    for finding in failing:
        draft.steps[finding.step - 1].problems.append(finding.message)
    for finding in found:
        draft.steps[finding.step - 1].warnings.append(finding.message)
