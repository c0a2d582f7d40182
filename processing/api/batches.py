"""`POST /api/v1/tools/<section>/<tool>/batch` and `POST /api/v1/pipeline/batch`: many files, one ZIP."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.caller import user_of
from processing.api.answers import accepted_answer
from processing.api.pipelines import DEFINITION, PIPELINES
from processing.api.tools import (
    ACCEPTED,
    CLIENT_JOB_ID,
    ToolEndpoint,
    client_job_id,
    settings_schema,
    uploads_of,
    wants_no_wait,
)
from processing.batches.downloads import zip_response
from processing.batches.runs import BATCHES_PER_MINUTE, run_batch, run_pipeline_batch
from processing.batches.selectors import failures_of
from processing.catalogue import require_usable
from processing.models import Job
from processing.results import error_of
from processing.tooling import Tool
from snapotter.common.endpoint import Endpoint, ErrorBody, operation
from snapotter.common.multipart import MultiPartParser

_DESCRIPTION: Final = (
    "Every file is run by itself: one that cannot be processed does not keep the others from being."
    " The answer is a ZIP of the results in the order of the upload, `X-File-Results` their names by place"
    " in the upload (percent-encoded JSON, left out when longer than 16 KB). When all files failed the answer"
    " is 422 with `errors`. What takes longer than SYNC_WAIT_MS is answered 202, and"
    " `GET /api/v1/jobs/<jobId>` has the address of the ZIP."
)
_RESPONSES: Final = {
    (200, "application/zip"): OpenApiTypes.BINARY,
    202: ACCEPTED,
    "default": ErrorBody,
}


def _form(**properties: Any) -> dict[str, Any]:
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    schema = {
        "type": "object",
        "required": ["files"],
        "properties": {"files": files, **properties, "clientJobId": CLIENT_JOB_ID},
    }
    return {"multipart/form-data": schema}


def run(view: ToolEndpoint, request: Request) -> HttpResponseBase:
    tool = view.tool
    require_usable(tool, user=request.user)  # before the body is read
    return _answer(
        request,
        run_batch(
            user=user_of(request),
            tool=tool,
            uploads=uploads_of(request),
            settings_text=request.POST.get("settings", ""),
            **_asked(request),
        ),
    )


def _asked(request: Request) -> dict[str, Any]:
    return {"client_job_id": client_job_id(request), "wait": not wants_no_wait(request)}


def _answer(request: Request, batch: Job) -> HttpResponseBase:
    """Raises the error of one that failed."""
    error = error_of(batch)
    if error is not None:
        error.extra["errors"] = failures_of(batch)
        raise error
    if not batch.is_finished:
        return Response(accepted_answer(batch), status=202)
    return zip_response(request._request, batch)


def batch_view(tool: Tool[Any], *, documented: bool = True) -> type[ToolEndpoint]:
    """The batch endpoint of one tool. The 1.x alias is the same view, left out of the OpenAPI document."""
    declare = operation(
        access="tools:use",
        summary=f"{tool.title}: many files",
        description=_DESCRIPTION,
        tags=[tool.category],
        operation_id=f"{tool.section}-{tool.id}-batch",
        per_minute=BATCHES_PER_MINUTE,
        request=_form(settings=settings_schema(tool)),
        responses=_RESPONSES,
        exclude=not documented,
    )
    name = "".join(word.title() for word in f"{tool.section}-{tool.id}-batch".split("-"))
    return type(
        name, (ToolEndpoint,), {"tool": tool, "parser_classes": [MultiPartParser], "post": declare(run)}
    )


class PipelineBatch(Endpoint):
    parser_classes = [MultiPartParser]

    @operation(
        access="tools:use",
        summary="Run tools one after another on each of many files",
        description=_DESCRIPTION,
        tags=PIPELINES,
        per_minute=BATCHES_PER_MINUTE,
        request=_form(pipeline=DEFINITION),
        responses=_RESPONSES,
    )
    def post(self, request: Request) -> HttpResponseBase:
        return _answer(
            request,
            run_pipeline_batch(
                user=user_of(request),
                uploads=uploads_of(request),
                definition_text=request.POST.get("pipeline", ""),
                **_asked(request),
            ),
        )
