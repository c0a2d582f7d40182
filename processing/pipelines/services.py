"""Saving, changing and deleting pipelines. Settings of steps are not judged here but before each run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.authority import hold
from accounts.models import User
from accounts.permissions import has_permission, require_any
from audit.services import record
from processing.models import Pipeline
from processing.pipelines.definition import PipelineStep
from processing.pipelines.selectors import PipelineNotFound, pipeline_for
from processing.pipelines.steps import tool_of_step
from snapotter.common.errors import AuthenticationRequired, Conflict, PermissionRefused, ValidationFailed
from snapotter.common.plain_text import has_control, is_visible

OWN: Final = "pipelines:own"
MOST_SAVED: Final = 500
"""Of one user. The list has no pages, and each may be as long as a definition may."""


def pipeline_create(
    *, caller: User, name: str, description: str | None = None, steps: Sequence[PipelineStep]
) -> Pipeline:
    """Save a pipeline; several may have one name.

    Raises PermissionRefused, ValidationFailed, StepNotFound, TooManyPipelines, and AuthenticationRequired
    when the caller was deleted meanwhile.
    """
    require_any(caller, OWN)
    _require_readable(name=name, description=description)
    _require_tools(steps)
    pipeline = Pipeline(
        name=name, description=description or "", steps=_stored(steps), user=caller, created_at=timezone.now()
    )
    with transaction.atomic():
        hold(caller)
        if not User.objects.filter(pk=caller.pk, is_active=True).exists():
            raise AuthenticationRequired
        if Pipeline.objects.filter(user=caller).count() >= MOST_SAVED:
            raise TooManyPipelines(limit=MOST_SAVED)
        pipeline.save(force_insert=True)
        _record("PIPELINE_CREATED", caller, pipeline, {"steps": len(steps)})
    return pipeline


class TooManyPipelines(Conflict):
    """You have as many saved pipelines as this server keeps for a user; delete one first."""

    code = "TOO_MANY_PIPELINES"


class PipelineChanged(Conflict):
    """The pipeline was changed meanwhile"""


def pipeline_update(
    *, caller: User, pipeline_id: UUID, seen: datetime | None = None, **changes: Any
) -> Pipeline:
    """Change `name`, `description` (None for none) and `steps`, as far as they are given.

    Raises PermissionRefused, ValidationFailed, PipelineNotFound (also for somebody else's), StepNotFound, and
    PipelineChanged if it is no longer as it was at `seen`, its `updated_at`.
    """
    require_any(caller, OWN)
    _require_readable(**{name: changes[name] for name in ("name", "description") if name in changes})
    if "steps" in changes:
        _require_tools(changes["steps"])
        changes["steps"] = _stored(changes["steps"])
    if "description" in changes:
        changes["description"] = changes["description"] or ""
    with transaction.atomic():
        hold(caller)
        pipeline = pipeline_for(for_user=caller, pipeline_id=pipeline_id)
        if seen not in (None, pipeline.updated_at):
            raise PipelineChanged
        changed = {name: value for name, value in changes.items() if value != getattr(pipeline, name)}
        if changed:
            _update(pipeline, changed, seen)
            _record("PIPELINE_UPDATED", caller, pipeline, {"changes": sorted(changed)})
    return pipeline


def _update(pipeline: Pipeline, changed: dict[str, Any], seen: datetime | None) -> None:
    """Raises PipelineNotFound if it was deleted meanwhile, PipelineChanged if it is not as at `seen`."""
    changed = {**changed, "updated_at": timezone.now()}
    rows = Pipeline.objects.filter(pk=pipeline.pk)
    unchanged = rows if seen is None else rows.filter(updated_at=seen)
    if not unchanged.update(**changed):
        raise PipelineChanged if rows.exists() else PipelineNotFound
    for name, value in changed.items():
        setattr(pipeline, name, value)


def pipeline_delete(*, caller: User, pipeline_id: UUID) -> None:
    """Delete a pipeline of one's own or without an owner; any with `pipelines:all`.

    Raises PipelineNotFound, PermissionRefused (also for somebody else's: clients tell the two apart).
    """
    require_any(caller, OWN)
    with transaction.atomic():
        hold(caller)
        pipeline = Pipeline.objects.filter(pk=pipeline_id).first()
        if pipeline is None:
            raise PipelineNotFound
        if pipeline.user_id not in (None, caller.pk) and not has_permission(caller, "pipelines:all"):
            raise PermissionRefused("This pipeline belongs to somebody else")
        if not Pipeline.objects.filter(pk=pipeline_id).delete()[0]:
            raise PipelineNotFound
        _record("PIPELINE_DELETED", caller, pipeline, {})


def _require_readable(*, name: str | None = None, description: str | None = None) -> None:
    """Others read them, on one line and on several."""
    if name is not None and (has_control(name) or not is_visible(name)):
        raise _unreadable("name", "must have visible characters, and none for control")
    if has_control((description or "").replace("\r", "").replace("\n", "")):
        raise _unreadable("description", "must have no characters for control")


def _unreadable(field: str, message: str) -> ValidationFailed:
    details = [{"path": field, "message": message}]
    return ValidationFailed(f"The {field} of a pipeline {message}", details=details)


def _require_tools(steps: Sequence[PipelineStep]) -> None:
    for number, step in enumerate(steps, start=1):
        tool_of_step(number, step)


def _stored(steps: Sequence[PipelineStep]) -> list[dict[str, Any]]:
    return [step.wire() for step in steps]


def _record(action: str, caller: User, pipeline: Pipeline, told: dict[str, Any]) -> None:
    details = {"userId": str(caller.pk), "pipelineId": str(pipeline.pk), "pipelineName": pipeline.name}
    if pipeline.user_id != caller.pk:
        details["ownerId"] = str(pipeline.user_id) if pipeline.user_id else ""
    record(action, actor=caller, target_id=pipeline.pk, details=details | told)
