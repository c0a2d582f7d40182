"""`POST /api/v1/tools/<section>/<tool>/batch` and `POST /api/v1/pipeline/batch`: many files, one ZIP."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.caller import user_of
from processing.api.pipelines import DEFINITION, PIPELINES
from processing.api.run_forms import RunForm, accepted
from processing.api.run_schemas import ACCEPTED, PREFER, files_form
from processing.api.tools import ToolEndpoint, endpoint_of, settings_schema
from processing.batches.downloads import zip_response
from processing.batches.selectors import failures_of
from processing.catalogue import require_usable
from processing.limits import BATCHES_PER_MINUTE
from processing.models import Job
from processing.results import error_of
from processing.runs import run_each
from processing.tooling import Tool
from processing.uploads import counted
from processing.work import PipelineWork, ToolWork
from snapotter.common.endpoint import Endpoint, ErrorBody, operation
from snapotter.common.multipart import MultiPartParser

_DESCRIPTION: Final = (
    "Every file is run by itself: one that cannot be processed does not keep the others from being."
    " The answer is a ZIP of the results in the order of the upload. When all files failed it is 422"
    " `ALL_FILES_FAILED` with `errors`, a list of `{filename, error}`. What takes longer than SYNC_WAIT_MS is"
    " answered 202, and `GET /api/v1/jobs/<jobId>` has the address of the ZIP. Files of any field names;"
    " more than `MAX_BATCH_SIZE` are 400 `TOO_MANY_FILES`."
)
_PARAMETERS: Final = [
    PREFER,
    OpenApiParameter("X-Job-Id", OpenApiTypes.UUID, "header", response=[200], description="The batch."),
    OpenApiParameter(
        "X-File-Results",
        str,
        "header",
        response=[200],
        description="`{<place in the upload, from 0>: <name in the ZIP>}` as percent-encoded JSON, of files"
        " that did not fail; left out when longer than 16 KB.",
    ),
]
_RESPONSES: Final = {
    (200, "application/zip"): OpenApiTypes.BINARY,
    202: ACCEPTED,
    "default": ErrorBody,
}


def post(view: ToolEndpoint, request: Request) -> HttpResponseBase:
    user = user_of(request)
    require_usable(view.tool, user=user)  # before the body is read
    form = RunForm.of(request)
    files = counted(form.uploads)
    work = ToolWork.parse(view.tool, form.settings)
    return _answer(request, run_each(user=user, work=work, files=files, **form.options))


def _answer(request: Request, batch: Job) -> HttpResponseBase:
    """Raises the error of one that failed."""
    error = error_of(batch)
    if error is not None:
        error.extra["errors"] = failures_of(batch)
        raise error
    if not batch.is_finished:
        return accepted(batch)
    return zip_response(request._request, batch)


def batch_view(tool: Tool[Any], *, documented: bool = True) -> type[ToolEndpoint]:
    """The batch endpoint of one tool. The 1.x alias is the same view, left out of the OpenAPI document."""
    return endpoint_of(
        tool,
        post,
        f"{tool.section}-{tool.id}-batch",
        summary=f"{tool.title}: many files",
        description=_DESCRIPTION,
        parameters=_PARAMETERS,
        per_minute=BATCHES_PER_MINUTE,
        request=files_form(settings=settings_schema(tool)),
        responses=_RESPONSES,
        exclude=not documented,
    )


class PipelineBatch(Endpoint):
    parser_classes = [MultiPartParser]

    @operation(
        access="tools:use",
        summary="Run tools one after another on each of many files",
        description=_DESCRIPTION,
        tags=PIPELINES,
        per_minute=BATCHES_PER_MINUTE,
        parameters=_PARAMETERS,
        request=files_form("pipeline", pipeline=DEFINITION),
        responses=_RESPONSES,
    )
    def post(self, request: Request) -> HttpResponseBase:
        user, form = user_of(request), RunForm.of(request)
        files = counted(form.uploads)
        work = PipelineWork.parse(form.pipeline, user=user)
        return _answer(request, run_each(user=user, work=work, files=files, **form.options))
