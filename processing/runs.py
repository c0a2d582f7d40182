"""Ask for a run: the one way in for the REST API and the pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from processing import services
from processing.catalogue import require_usable
from processing.engine.execute import check
from processing.lane import fast_lane
from processing.limits import current_limits
from processing.runner import ActiveRun
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
    wait: bool = True,
) -> ActiveRun:
    """Check everything, then run; returns with the job finished, or still processing after SYNC_WAIT_MS.

    Raises what `accept_one`, `parse_settings` and `run_accepted` raise, in this order. A failed run carries
    its error in `run.error`.
    """
    accepted = accept_one(uploads)
    tool_settings = parse_settings(tool, settings_text)
    return run_accepted(user=user, tool=tool, accepted=accepted, tool_settings=tool_settings, wait=wait)


def run_accepted(
    *, user: Any, tool: Tool[Any], accepted: AcceptedFile, tool_settings: ToolSettings, wait: bool = True
) -> ActiveRun:
    """Every run of a user comes through here, whatever its entrance has checked before.

    Raises what `require_usable` and the engine's `check` raise.
    """
    require_usable(tool, user=user)
    check(tool, tool_settings, accepted.source, current_limits())
    job = services.job_create(user=user, tool=tool, tool_settings=tool_settings, accepted=accepted)
    return fast_lane().run(job, tool, settings.SYNC_WAIT_MS / 1000 if wait else 0.0)
