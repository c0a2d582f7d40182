"""Ask for a batch: the one way in for the REST API and the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from processing import events
from processing.batches.services import BatchFile, Work, batch_create
from processing.catalogue import require_usable
from processing.engine.checks import check
from processing.engine.names import sanitise
from processing.limits import current_limits
from processing.models import PIPELINE, Job
from processing.pipelines.definition import parse_definition
from processing.pipelines.steps import require_possible, resolved, stored
from processing.runs import parse_settings
from processing.tooling import InvalidInput, SourceImage, Tool, ToolSettings
from processing.uploads import accept
from snapotter.common.errors import SnapOtterError, ValidationFailed

BATCHES_PER_MINUTE: Final = 20
"""Of one user."""
Check = Callable[[SourceImage], Any]


def run_batch(
    *, user: Any, tool: Tool[Any], uploads: Sequence[UploadedFile[bytes]], settings_text: str, **asked: Any
) -> Job:
    """Run a tool on each file; `asked` is what `begin` takes.

    Raises what `counted`, `parse_settings` and `run_counted` raise, in this order.
    """
    files = counted(uploads)
    tool_settings = parse_settings(tool, settings_text)
    return run_counted(user=user, tool=tool, files=files, tool_settings=tool_settings, **asked)


def run_counted(
    *,
    user: Any,
    tool: Tool[Any],
    files: Sequence[UploadedFile[bytes]],
    tool_settings: ToolSettings,
    **asked: Any,
) -> Job:
    """Run a tool on files that `counted` gave. Raises what `require_usable` raises."""
    require_usable(tool, user=user)
    limits = current_limits()
    return begin(
        user=user,
        work=Work(tool.id, tool_settings.wire()),
        files=[_looked_at(file, lambda source: check(tool, tool_settings, source, limits)) for file in files],
        **asked,
    )


def run_pipeline_batch(
    *, user: Any, uploads: Sequence[UploadedFile[bytes]], definition_text: str, **asked: Any
) -> Job:
    """Run a pipeline on each file; `asked` is what `begin` takes.

    Raises what `counted`, `parse_definition` and `resolved` raise, in this order.
    """
    files = counted(uploads)
    steps = resolved(parse_definition(definition_text), user=user)
    limits = current_limits()
    return begin(
        user=user,
        work=Work(PIPELINE, stored(steps)),
        files=[_looked_at(file, lambda source: require_possible(steps, source, limits)) for file in files],
        **asked,
    )


def counted(uploads: Sequence[UploadedFile[bytes]]) -> list[UploadedFile[bytes]]:
    """Without the empty ones, which do not count. Raises InvalidInput for none, ValidationFailed for too
    many."""
    files = [upload for upload in uploads if upload.size]
    if not files:
        raise InvalidInput("No image was sent, or all are empty", code="NO_FILE")
    require_not_too_many(len(files))
    return files


def require_not_too_many(files: int) -> None:
    """Raises ValidationFailed."""
    most = settings.MAX_BATCH_SIZE
    if most and files > most:
        raise ValidationFailed(f"Send at most {most} images at a time, not {files}", code="TOO_MANY_FILES")


def _looked_at(upload: UploadedFile[bytes], check: Check) -> BatchFile:
    """What is wrong with one file keeps no other from being run."""
    try:
        accepted = accept(upload)
        check(accepted.source)
    except SnapOtterError as error:
        return BatchFile(sanitise(upload.name or "", fallback="image"), error=error)
    return BatchFile(accepted.name, accepted)


def begin(*, wait: bool = True, **new_batch: Any) -> Job:
    """Have workers run the batch that `batch_create` makes of `new_batch`.

    Returns it ended, or as it is after SYNC_WAIT_MS.
    """
    batch_id = uuid4()
    with events.End(batch_id).watched() as end:
        batch = batch_create(batch_id=batch_id, **new_batch)
        return end.wait(settings.SYNC_WAIT_MS / 1000) if wait else batch
