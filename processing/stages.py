"""What goes on in a job that has not ended, in words."""

from __future__ import annotations

from processing.models import JobStatus


def stage_text(*, status: str, stage: str, cancel: bool) -> str:
    if cancel:
        return "Canceling …"
    if status == JobStatus.QUEUED:
        return "Waiting for its turn …"
    return stage.capitalize() or "Working …"
