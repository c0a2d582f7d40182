"""How the OpenAPI document tells of the form that asks for a run, and of its answers."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from processing.job_names import IN_WORDS, MOST_CHARACTERS
from snapotter.common.endpoint import ErrorBody

PREFER: Final = OpenApiParameter(
    "Prefer", str, "header", enum=["respond-async"], description="Do not wait: the answer is 202 at once."
)
ACCEPTED: Final = {
    "type": "object",
    "description": "The run goes on: follow `GET /api/v1/jobs/<jobId>`, or its `/progress`.",
    "properties": {
        "jobId": {"type": "string", "description": "The `clientJobId` if there was one."},
        "async": {"const": True},
        "progressJobId": {"type": "string"},
        "artifactJobId": {"type": "string", "format": "uuid"},
    },
    "required": ["jobId", "async"],
}
REFUSED: Final = OpenApiResponse(
    ErrorBody,
    description="`TOO_MANY_JOBS`: the caller has as many under way as `maxConcurrentJobsPerUser` allows."
    " `RATE_LIMITED`: too many requests in this minute.",
)
_FILE: Final = {"type": "string", "format": "binary"}
_CLIENT_JOB_ID: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": MOST_CHARACTERS,
    "description": "A name for the job, by which the caller, and nobody else, can follow, read and cancel it:"
    f" {IN_WORDS}. It may be followed before it is posted. Of several jobs of one name the newest is meant:"
    " the same form sent again is another job.",
}


def run_responses(answer: Any) -> dict[Any, Any]:
    """Of a run of one file; `answer` is its 200."""
    return {200: answer, 202: ACCEPTED, 429: REFUSED, "default": ErrorBody}


def file_form(*required: str, **parts: Any) -> dict[str, Any]:
    """A form with one file, in a field of any name, and `parts`."""
    return _form(required, {"file": _FILE, **parts})


def files_form(*required: str, **parts: Any) -> dict[str, Any]:
    """A form with many files, in fields of any names, and `parts`."""
    return _form(required, {"files": {"type": "array", "items": _FILE}, **parts})


def _form(required: tuple[str, ...], parts: dict[str, Any]) -> dict[str, Any]:
    files = next(iter(parts))
    properties = {**parts, "clientJobId": _CLIENT_JOB_ID}
    schema = {"type": "object", "required": [files, *required], "properties": properties}
    return {"multipart/form-data": schema}


def json_text(description: str, content: dict[str, Any]) -> dict[str, Any]:
    """A part of a form that holds JSON."""
    return {
        "type": "string",
        "description": description,
        "contentMediaType": "application/json",
        "contentSchema": content,
    }
