"""What the endpoints of pipelines take and answer."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, field_validator

from accounts.api.fields import Storable
from processing.api.answers import ToolAnswer
from processing.engine.formats import FORMATS, by_word
from processing.models import Pipeline
from processing.pipelines.definition import PipelineStep, Steps
from processing.tooling import SourceImage
from snapotter.common.errors import SnapOtterError
from snapotter.common.wire import Timestamp, WireModel

Name = Annotated[Storable, Field(min_length=1, max_length=100)]
Description = Annotated[Storable, Field(max_length=500)]


class PipelineBody(WireModel):
    """The settings of the steps are not judged before a run."""

    name: Name
    description: Description | None = None
    steps: Steps


class PipelineChanges(WireModel):
    """What is absent stays as it is; `description: null` removes it."""

    name: Name | None = None
    description: Description | None = None
    steps: Steps | None = None

    @field_validator("name", "steps")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("must not be null")
        return value


class SavedPipeline(WireModel):
    id: UUID
    name: str
    description: str | None
    steps: list[PipelineStep]
    created_at: Timestamp

    @classmethod
    def of(cls, pipeline: Pipeline) -> SavedPipeline:
        return cls(
            id=pipeline.pk,
            name=pipeline.name,
            description=pipeline.description or None,
            steps=[PipelineStep.model_validate(step) for step in pipeline.steps],
            created_at=pipeline.created_at,
        )


class PipelineList(WireModel):
    pipelines: list[SavedPipeline]


class PipelineTools(WireModel):
    tool_ids: list[str]


class PipelineInput(WireModel):
    """The picture a pipeline is to run on, as far as the check wants to know it; sizes in pixels."""

    format: str
    width: Annotated[int, Field(ge=1, le=10**6)]
    height: Annotated[int, Field(ge=1, le=10**6)]
    frames: Annotated[int, Field(ge=1, le=10**6)] = 1
    has_alpha: bool = False

    @field_validator("format")
    @classmethod
    def _known(cls, value: str) -> str:
        """An id, or what files of the format are called: jpeg, jpg."""
        try:
            return by_word(value).id
        except KeyError:
            raise ValueError("must be one of " + ", ".join(FORMATS)) from None

    def source(self) -> SourceImage:
        """Without what no picture of the format has."""
        format = FORMATS[self.format]
        frames = 1 if format.frames == "one" else self.frames
        return SourceImage(
            format.id, self.width, self.height, frames, self.has_alpha and format.alpha, bytes=0
        )


class ValidateBody(WireModel):
    """Without `input`, only what would happen to any picture is told."""

    steps: Steps
    input: PipelineInput | None = None


class StepProblem(WireModel):
    step: int
    code: str
    message: str
    details: Any = None

    @classmethod
    def of(cls, number: int, error: SnapOtterError) -> StepProblem:
        return cls(step=number, code=error.code, message=error.message, details=error.details)


class StepWarningItem(WireModel):
    code: str
    step: int
    message: str


class PipelineVerdict(WireModel):
    """`problems` keep it from running, `warnings` do not."""

    valid: bool
    problems: list[StepProblem]
    warnings: list[StepWarningItem]


class StepDone(WireModel):
    """`size` is in bytes, null for a step whose result stayed in memory: nothing was encoded there."""

    step: int
    tool_id: str
    size: int | None
    width: int | None
    height: int | None


class PipelineAnswer(ToolAnswer):
    """A finished run of a pipeline."""

    steps_completed: int
    steps: list[StepDone]
