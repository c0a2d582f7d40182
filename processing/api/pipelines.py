"""Pipelines, for programs: run at once, save, change, check."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.caller import user_of
from processing.api.pipeline_bodies import (
    PipelineAnswer,
    PipelineBody,
    PipelineChanges,
    PipelineList,
    PipelineTools,
    PipelineVerdict,
    SavedPipeline,
    StepProblem,
    StepWarningItem,
    ValidateBody,
)
from processing.api.run_forms import RunForm, answered
from processing.api.run_schemas import PREFER, file_form, json_text, run_responses
from processing.catalogue import usable_tools
from processing.limits import current_limits
from processing.pipelines.check import failures, warnings
from processing.pipelines.selectors import PipelineNotFound, pipeline_for, visible_pipelines
from processing.pipelines.services import OWN, pipeline_create, pipeline_delete, pipeline_update
from processing.pipelines.steps import resolved_steps
from processing.runs import run
from processing.uploads import accept_one
from processing.work import PipelineWork
from snapotter.common.endpoint import Endpoint, Ok, operation
from snapotter.common.ids import parse_uuid
from snapotter.common.multipart import MultiPartParser
from snapotter.common.wire import parse_body

PIPELINES: Final = ["Pipelines"]

_STEPS: Final = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/PipelineStep"}}
DEFINITION: Final = json_text(
    "The definition as JSON text.", {"type": "object", "required": ["steps"], "properties": {"steps": _STEPS}}
)


class PipelineExecute(Endpoint):
    parser_classes = [MultiPartParser]

    @operation(
        access="tools:use",
        summary="Run tools one after another on one file",
        description="The picture stays in memory between image tools and is encoded once. Every step is"
        " checked before anything runs. Of several files the last counts.",
        tags=PIPELINES,
        parameters=[PREFER],
        request=file_form("pipeline", pipeline=DEFINITION),
        responses=run_responses(PipelineAnswer),
    )
    def post(self, request: Request) -> Response:
        user, form = user_of(request), RunForm.of(request)
        accepted = accept_one([upload for upload in form.uploads if upload.size][-1:])
        work = PipelineWork.parse(form.pipeline, user=user)
        return answered(run(user=user, work=work, accepted=accepted, **form.options))


class PipelineSave(Endpoint):
    @operation(
        access=OWN,
        body=PipelineBody,
        answers=SavedPipeline,
        status=201,
        summary="Save a pipeline; its tools must exist, their settings are checked when it runs",
        description="409 `TOO_MANY_PIPELINES` when the caller has 500 already.",
        tags=PIPELINES,
    )
    def post(self, request: Request, body: PipelineBody) -> SavedPipeline:
        return SavedPipeline.of(
            pipeline_create(
                caller=user_of(request), name=body.name, description=body.description, steps=body.steps
            )
        )


class Pipelines(Endpoint):
    @operation(
        access=OWN,
        answers=PipelineList,
        summary="Saved pipelines, the newest first: own ones and those of nobody, all with pipelines:all",
        tags=PIPELINES,
    )
    def get(self, request: Request) -> PipelineList:
        found = visible_pipelines(for_user=user_of(request))
        return PipelineList(pipelines=[SavedPipeline.of(pipeline) for pipeline in found])


class PipelineTool(Endpoint):
    @operation(
        access=OWN,
        answers=PipelineTools,
        summary="The tools that the caller can use as a step",
        tags=PIPELINES,
    )
    def get(self, request: Request) -> PipelineTools:
        tools = usable_tools(user=user_of(request))
        return PipelineTools(tool_ids=[tool.id for tool in tools if tool.can_be_step])


class PipelineValidate(Endpoint):
    @operation(
        access=OWN,
        body=ValidateBody,
        answers=PipelineVerdict,
        summary="What keeps a pipeline from running, and what it would lose on the way",
        tags=PIPELINES,
    )
    def post(self, request: Request, body: ValidateBody) -> PipelineVerdict:
        steps, problems = resolved_steps(body.steps, user=user_of(request))
        source = body.input.source() if body.input else None
        refused = [StepProblem.of(number, error) for number, error in problems.items()]
        if refused:
            return PipelineVerdict(valid=False, problems=refused, warnings=[])
        limits = current_limits()
        failing = [StepProblem.model_validate(failure) for failure in failures(steps, source, limits)]
        found = [StepWarningItem.model_validate(warning) for warning in warnings(steps, source, limits)]
        return PipelineVerdict(valid=not failing, problems=failing, warnings=found)


class PipelineDetail(Endpoint):
    @operation(access=OWN, answers=SavedPipeline, summary="One saved pipeline", tags=PIPELINES)
    def get(self, request: Request, pipeline_id: str) -> SavedPipeline:
        return SavedPipeline.of(pipeline_for(for_user=user_of(request), pipeline_id=_id(pipeline_id)))

    @operation(
        access=OWN,
        answers=SavedPipeline,
        request=PipelineChanges,
        summary="Change a saved pipeline",
        tags=PIPELINES,
    )
    def put(self, request: Request, pipeline_id: str) -> SavedPipeline:
        caller, wanted = user_of(request), _id(pipeline_id)
        pipeline_for(for_user=caller, pipeline_id=wanted)  # a wrong id is told before a wrong body
        changes = parse_body(PipelineChanges, request.data).given()
        return SavedPipeline.of(pipeline_update(caller=caller, pipeline_id=wanted, **changes))

    @operation(access=OWN, answers=Ok, summary="Delete a saved pipeline", tags=PIPELINES)
    def delete(self, request: Request, pipeline_id: str) -> Ok:
        pipeline_delete(caller=user_of(request), pipeline_id=_id(pipeline_id))
        return Ok()


def _id(text: str) -> UUID:
    id = parse_uuid(text)
    if id is None:
        raise PipelineNotFound
    return id
