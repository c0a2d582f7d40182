"""`POST /api/v1/tools/<section>/<tool>`: one view class per tool, made from the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.caller import user_of
from processing.api.answers import ToolAnswer
from processing.api.run_forms import RunForm, answered
from processing.api.run_schemas import PREFER, file_form, json_text, run_responses
from processing.catalogue import require_enabled, require_usable
from processing.runs import run
from processing.tooling import Tool
from processing.uploads import accept_one
from processing.work import ToolWork
from snapotter.common.endpoint import SIGNED_IN, Endpoint, operation
from snapotter.common.multipart import MultiPartParser


class ToolEndpoint(Endpoint):
    """A tool that is turned off is absent whatever the method, and that it is, is not for strangers."""

    tool: ClassVar[Tool[Any]]
    parser_classes = [MultiPartParser]

    def access(self, method: str) -> str:
        return super().access(method) or SIGNED_IN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_enabled(self.tool)


def post(view: ToolEndpoint, request: Request) -> Response:
    """200 when it finishes in time, else 202; a failed run answers with its error."""
    user = user_of(request)
    require_usable(view.tool, user=user)  # before the body is read
    form = RunForm.of(request)
    accepted = accept_one(form.uploads)
    work = ToolWork.parse(view.tool, form.settings)
    return answered(run(user=user, work=work, accepted=accepted, **form.options))


def tool_view(tool: Tool[Any], *, documented: bool = True) -> type[ToolEndpoint]:
    """The endpoint of one tool. The 1.x alias is the same view, left out of the OpenAPI document."""
    return endpoint_of(
        tool,
        post,
        f"{tool.section}-{tool.id}",
        summary=tool.title,
        description=tool.summary,
        parameters=[PREFER],
        request=file_form(settings=settings_schema(tool)),
        responses=run_responses(ToolAnswer),
        exclude=not documented,
    )


def endpoint_of(
    tool: Tool[Any],
    handler: Callable[[ToolEndpoint, Request], HttpResponseBase],
    operation_id: str,
    **declared: Any,
) -> type[ToolEndpoint]:
    """A view class of one tool; `declared` is what `operation` takes."""
    declare = operation(access="tools:use", tags=[tool.category], operation_id=operation_id, **declared)
    name = "".join(word.title() for word in operation_id.split("-"))
    return type(name, (ToolEndpoint,), {"tool": tool, "post": declare(handler)})


def settings_schema(tool: Tool[Any]) -> dict[str, Any]:
    model = tool.settings_model.__name__
    return json_text("The settings as JSON text.", {"$ref": f"#/components/schemas/{model}"})
