"""Ask for a run of a pipeline: the one way in for the REST API and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from processing.catalogue import require_usable
from processing.engine.track import Step
from processing.lane import work_of
from processing.limits import current_limits
from processing.models import PIPELINE, Job
from processing.pipelines.definition import parse_definition
from processing.pipelines.forecast import foresee
from processing.pipelines.steps import require_possible, resolved, stored
from processing.runs import begin
from processing.tooling import SourceImage
from processing.uploads import AcceptedFile, accept_one


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
        work=_work(steps, accepted.source),
        user=user,
        type=PIPELINE,
        settings=stored(steps),
        accepted=accepted,
        client_job_id=client_job_id,
    )


def _work(steps: Sequence[Step], source: SourceImage) -> float:
    """In megapixels. Only the first step reads the file, so the file's bytes count once."""
    first, *later = foresee(steps, source)
    rest = (work_of(replace(seen.given, bytes=0), seen.step.tool) for seen in later)
    return work_of(first.given, first.step.tool) + sum(rest)
