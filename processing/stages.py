"""What goes on in a job that has not ended, in words."""

from __future__ import annotations

from processing.models import JobStatus


def stage_text(*, status: str, stage: str, cancel: bool, has_taker: bool = True) -> str:
    """`has_taker`: whether any worker is there to take a queued job."""
    if cancel:
        return "Canceling …"
    if status == JobStatus.QUEUED:
        return "Waiting for its turn …" if has_taker else "Waiting for a worker, as none is running …"
    return stage.capitalize() or "Working …"
