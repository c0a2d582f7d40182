"""Ask for a run: the one way in for the REST API and the pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from processing import events, services
from processing.catalogue import require_usable
from processing.engine.checks import check
from processing.lane import fast_lane, work_of
from processing.limits import current_limits
from processing.models import Job
from processing.tooling import SettingsError, Tool, ToolSettings
from processing.uploads import AcceptedFile, accept_one

MAX_SETTINGS_BYTES = 64 * 1024


def parse_settings(tool: Tool[Any], text: str) -> ToolSettings:
    """The `settings` part: a JSON object as text, empty for the defaults.

    Raises SettingsError for what is not JSON, not an object, or not valid for the tool.
    """
    if len(text) > MAX_SETTINGS_BYTES:
        raise SettingsError([("", f"must not be longer than {MAX_SETTINGS_BYTES // 1024} KB")])
    try:
        values = json.loads(text or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SettingsError([("", f"must be valid JSON: {error}")]) from None
    parsed: ToolSettings = tool.settings_model.parse(values)
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def run_one(
    *,
    user: Any,
    tool: Tool[Any],
    uploads: Sequence[UploadedFile[bytes]],
    settings_text: str,
    client_job_id: str = "",
    wait: bool = True,
) -> Job:
    """Check everything, then run; returns the job finished, or unfinished after SYNC_WAIT_MS.

    Raises what `accept_one`, `parse_settings` and `run_accepted` raise, in this order. How a failed job is
    answered says `results.error_of`.
    """
    accepted = accept_one(uploads)
    tool_settings = parse_settings(tool, settings_text)
    return run_accepted(
        user=user,
        tool=tool,
        accepted=accepted,
        tool_settings=tool_settings,
        client_job_id=client_job_id,
        wait=wait,
    )


def run_accepted(
    *,
    user: Any,
    tool: Tool[Any],
    accepted: AcceptedFile,
    tool_settings: ToolSettings,
    client_job_id: str = "",
    wait: bool = True,
) -> Job:
    """Every run of a user comes through here, whatever its entrance has checked before.

    Raises what `require_usable` and the engine's `check` raise.
    """
    require_usable(tool, user=user)
    check(tool, tool_settings, accepted.source, current_limits())
    return begin(
        wait=wait,
        work=work_of(accepted.source, tool),
        user=user,
        type=tool.id,
        settings=tool_settings.wire(),
        accepted=accepted,
        client_job_id=client_job_id,
    )


def begin(*, wait: bool, work: float, **new_job: Any) -> Job:
    """Insert the job that `job_create` makes of `new_job`, and run it where it belongs: here at once if it is
    soon done, in a worker otherwise. Whoever does not wait needs none of our children.

    Returns it finished, or as it is after SYNC_WAIT_MS. `work` is in megapixels, see `work_of`.
    """
    if wait and fast_lane().enter(work):
        return _run_here(work, new_job)
    job_id = uuid4()
    with events.End(job_id).watched() as end:
        job = services.job_create(job_id=job_id, claimed=False, **new_job)
        return end.wait(settings.SYNC_WAIT_MS / 1000) if wait else job


def _run_here(work: float, new_job: Mapping[str, Any]) -> Job:
    try:
        job = services.job_create(job_id=uuid4(), claimed=True, **new_job)
    except BaseException:
        fast_lane().leave(work)
        raise
    fast_lane().run(job, work, settings.SYNC_WAIT_MS / 1000)
    return job
