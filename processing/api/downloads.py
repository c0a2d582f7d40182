"""Results and inputs of a job, to whoever holds a signed address, owns the job or may see all files."""

from __future__ import annotations

import re
from mimetypes import guess_type
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.caller import user_of
from processing import workspace
from processing.batches.downloads import zip_response
from processing.models import Job
from processing.results import JobResult
from processing.selectors import job_for
from processing.signing import INPUT, is_valid
from snapotter.common.downloads import file_response
from snapotter.common.endpoint import PUBLIC, Endpoint, operation
from snapotter.common.errors import AuthenticationRequired, NotFound, ValidationFailed
from snapotter.common.ids import parse_uuid

_FORBIDDEN = re.compile(r"\.\.|[/\\\0]")


class Downloads(Endpoint):
    @operation(
        access=PUBLIC,
        tags=["jobs"],
        summary="Download a result or an input",
        description="A signed address needs no credentials; without one the caller must own the job.",
        parameters=[
            OpenApiParameter("job_id", OpenApiTypes.UUID, "path"),
            OpenApiParameter("filename", str, "path"),
            OpenApiParameter("expires", int),
            OpenApiParameter("signature", str),
            OpenApiParameter(
                "from", str, enum=[INPUT], description="What went in, where a result has the same name."
            ),
            OpenApiParameter("Range", str, "header"),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: str, filename: str) -> HttpResponseBase:
        if _FORBIDDEN.search(job_id) or _FORBIDDEN.search(filename):
            raise ValidationFailed("This is not a file name", code="INVALID_FILENAME")
        id = parse_uuid(job_id)
        if id is None:
            raise NotFound("There is no such file")
        job = _readable_job(request, id, filename)
        if job.is_batch:
            return zip_response(request._request, job)
        key, mime_type = _find(job, filename, only_inputs=_asks_for_input(request))
        try:
            file = workspace.open_file(key)
        except FileNotFoundError:
            raise NotFound("This file has expired", code="EXPIRED") from None
        return file_response(
            request._request,
            file,
            size=workspace.storage().size(key),
            name=filename,
            content_type=mime_type,
            etag=f"{job.pk}-{job.attempts}-{key.split('/')[1]}",
        )


def _readable_job(request: Request, job_id: UUID, filename: str) -> Job:
    query = request.query_params
    expires, signature = query.get("expires", ""), query.get("signature", "")
    if is_valid(job_id, filename, expires, signature, of_input=_asks_for_input(request)):
        job = Job.objects.filter(pk=job_id).first()
        if job is None:
            raise NotFound("There is no such file")
        return job
    try:
        return job_for(user=user_of(request), job_id=job_id)
    except AuthenticationRequired:
        raise NotFound("There is no such file") from None


def _asks_for_input(request: Request) -> bool:
    return request.query_params.get("from") == INPUT


def _find(job: Job, filename: str, *, only_inputs: bool) -> tuple[str, str]:
    """(storage key, MIME type): outputs first, then the input."""
    output = None if only_inputs else JobResult.load(job.result).find(filename)
    if output is not None:
        return output.key, output.mime_type
    if job.input_files and job.input_name == filename:
        return job.input_files[0], guess_type(filename)[0] or "application/octet-stream"
    raise NotFound("There is no such file")
