"""`POST /api/v1/tools/<section>/<tool>`: one view class per tool, made from the registry."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.core.files.uploadedfile import UploadedFile
from rest_framework.request import Request
from rest_framework.response import Response

from processing.api.answers import ToolAnswer, accepted_answer, tool_answer
from processing.catalogue import require_enabled, require_usable
from processing.job_names import MOST_CHARACTERS, is_job_name
from processing.models import Job
from processing.results import error_of
from processing.runs import run_one
from processing.tooling import Tool, ToolUnavailable
from snapotter.common.endpoint import SIGNED_IN, Endpoint, ErrorBody, operation
from snapotter.common.errors import ValidationFailed
from snapotter.common.multipart import MultiPartParser

CLIENT_JOB_ID: Final = {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS}


def wants_no_wait(request: Request) -> bool:
    """RFC 7240: `Prefer: respond-async`, alone or among others."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(preference.split(";")[0].strip().lower() == "respond-async" for preference in preferences)


def client_job_id(request: Request) -> str:
    """The name that the client gives its job. Raises ValidationFailed for one that is no name."""
    name = request.POST.get("clientJobId", "")
    if name and not is_job_name(name):
        raise ValidationFailed("clientJobId must be 1 to 128 printable characters")
    return name


def _refuse_library(request: Request) -> None:
    """Better refused than accepted and not done: the caller believes the result is kept."""
    if request.POST.get("fileId"):
        raise ToolUnavailable(
            "Saving a result as a version of a library file is not available in this version"
        )


class ToolEndpoint(Endpoint):
    """A tool that is turned off is absent whatever the method, and that it is, is not for strangers."""

    tool: ClassVar[Tool[Any]]

    def access(self, method: str) -> str:
        return super().access(method) or SIGNED_IN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_enabled(self.tool)


def run(view: ToolEndpoint, request: Request) -> Response:
    """200 when it finishes in time, else 202; a failed run answers with its error."""
    tool = view.tool
    require_usable(tool, user=request.user)  # before the body is read
    _refuse_library(request)
    job = run_one(
        user=request.user,
        tool=tool,
        uploads=uploads_of(request),
        settings_text=request.POST.get("settings", ""),
        client_job_id=client_job_id(request),
        wait=not wants_no_wait(request),
    )
    return answered(job)


def uploads_of(request: Request) -> list[UploadedFile[bytes]]:
    """All files of a form, whatever their fields are called."""
    return [upload for _, files in request.FILES.lists() for upload in files]


def answered(job: Job) -> Response:
    """200 for a result, 202 for a job that goes on. Raises the error of one that failed."""
    error = error_of(job)
    if error is not None:
        raise error
    if not job.is_finished:
        return Response(accepted_answer(job), status=202)
    return Response(tool_answer(job))


def tool_view(tool: Tool[Any], *, documented: bool = True) -> type[ToolEndpoint]:
    """The endpoint of one tool. The 1.x alias is the same view, left out of the OpenAPI document."""
    declare = operation(
        access="tools:use",
        summary=tool.title,
        description=tool.summary,
        tags=[tool.category],
        operation_id=f"{tool.section}-{tool.id}",
        request={"multipart/form-data": _request_schema(tool)},
        responses={200: ToolAnswer, 202: ACCEPTED, "default": ErrorBody},
        exclude=not documented,
    )
    name = "".join(word.title() for word in tool.path.replace("/", "-").split("-"))
    members = {"tool": tool, "parser_classes": [MultiPartParser], "post": declare(run)}
    return type(name, (ToolEndpoint,), members)


ACCEPTED: Final = {
    "type": "object",
    "properties": {
        "jobId": {"type": "string", "description": "The `clientJobId` if there was one."},
        "async": {"const": True},
        "progressJobId": {"type": "string"},
        "artifactJobId": {"type": "string", "format": "uuid"},
    },
    "required": ["jobId", "async"],
}


def settings_schema(tool: Tool[Any]) -> dict[str, Any]:
    return {
        "type": "string",
        "description": "The settings as JSON text.",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": f"#/components/schemas/{tool.settings_model.__name__}"},
    }


def _request_schema(tool: Tool[Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "settings": settings_schema(tool),
            "clientJobId": CLIENT_JOB_ID,
        },
    }
