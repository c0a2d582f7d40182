"""Ask for a run of a pipeline: the one way in for the REST API and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from processing.catalogue import require_usable
from processing.engine import encode
from processing.engine.chain import check_readable, check_writing
from processing.engine.errors import StepFailed
from processing.engine.request import Limits
from processing.engine.track import Step
from processing.lane import work_of
from processing.limits import current_limits
from processing.models import PIPELINE, Job
from processing.pipelines.definition import parse_definition, resolved
from processing.pipelines.forecast import Foreseen, foresee
from processing.runs import begin
from processing.tooling import SourceImage, ToolError
from processing.uploads import AcceptedFile, accept_one
from snapotter.common.errors import SnapOtterError


def run_pipeline(
    *,
    user: Any,
    uploads: Sequence[UploadedFile[bytes]],
    definition_text: str,
    client_job_id: str = "",
    wait: bool = True,
) -> Job:
    """Check everything, then run on the last of the files; returns the job finished, or unfinished after
    SYNC_WAIT_MS.

    Raises what `accept_one`, `parse_definition`, `resolved` and `run_accepted` raise, in this order.
    """
    accepted = accept_one([upload for upload in uploads if upload.size][-1:])
    steps = resolved(parse_definition(definition_text), user=user)
    return run_accepted(user=user, steps=steps, accepted=accepted, client_job_id=client_job_id, wait=wait)


def run_accepted(
    *,
    user: Any,
    steps: Sequence[Step],
    accepted: AcceptedFile,
    client_job_id: str = "",
    wait: bool = True,
) -> Job:
    """Every run of a user comes through here, whatever its entrance has checked before.

    Raises what `require_usable` and `require_possible` raise.
    """
    for step in steps:
        require_usable(step.tool, user=user)
    require_possible(steps, accepted.source, current_limits())
    return begin(
        wait=wait,
        work=sum(work_of(seen.given, seen.step.tool) for seen in foresee(steps, accepted.source)),
        user=user,
        type=PIPELINE,
        settings=stored(steps),
        accepted=accepted,
        client_job_id=client_job_id,
    )


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
