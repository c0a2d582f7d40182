"""What a job was asked to do, read as if it were asked for now: by this version, with the settings of today.

Asked for is not allowed for ever: a job that waited in the queue is refused like a new one when its tool was
turned off meanwhile, or its user may not use it any more.
"""

from __future__ import annotations

from typing import Any

from accounts.errors import AccountDisabled
from accounts.models import User
from processing import registry
from processing.catalogue import require_usable
from processing.models import Job
from processing.pipelines.definition import read_definition
from processing.tooling import Tool
from processing.work import PipelineWork, ToolWork, Work
from snapotter.common.errors import NotFound


class ToolGone(NotFound):
    """The tool is not available on this server any more"""

    code = "TOOL_NOT_FOUND"


def work_of(job: Job, *, user: User) -> Work:
    """Raises ToolGone, PermissionRefused for what `user` may not use, and what a first request would:
    StepNotFound and SettingsError, should this version know other tools and settings."""
    if job.is_pipeline:
        return PipelineWork.of(read_definition({"steps": job.steps}), user=user)
    (step,) = job.steps
    tool = _usable_tool(step["toolId"], user=user)
    return ToolWork(tool, tool.settings_model.parse(step["settings"]))


def _usable_tool(tool_id: str, *, user: User) -> Tool[Any]:
    try:
        tool = registry.find(tool_id)
        require_usable(tool, user=user)
    except (KeyError, NotFound):
        raise ToolGone from None
    return tool


def require_allowed(job: Job) -> None:
    """Raises AccountDisabled if its user is disabled or gone, and what `work_of` raises."""
    user = User.objects.select_related("role").filter(jobs=job, is_active=True).first()
    if user is None:
        raise AccountDisabled
    work_of(job, user=user)
