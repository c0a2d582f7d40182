"""What a pipeline is on the wire."""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any, Final

from django.conf import settings
from pydantic import AfterValidator, BeforeValidator, Field

from snapotter.common.errors import ValidationFailed
from snapotter.common.wire import WireModel, in_words, parse_body, read_json

MAX_BYTES: Final = 256 * 1024
"""Of a whole definition as JSON."""
MAX_DEPTH: Final = 20
MAX_TOOL_ID: Final = 100
_UNSTORABLE: Final = re.compile(r"[\0\ud800-\udfff]")


def _storable(value: Any, depth: int = 0) -> Any:
    """Refuse text and numbers that PostgreSQL cannot keep, and what is nested beyond all sense."""
    if depth > MAX_DEPTH:
        raise ValueError("is nested too deeply")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must hold no number beyond 1.8e308")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise ValueError("must hold neither NUL characters nor lone surrogates")
    parts = value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else ()
    for part in parts:
        _storable(part, depth + 1)
    return value


Storable = AfterValidator(lambda value: _storable(value))


class PipelineStep(WireModel):
    tool_id: Annotated[str, Field(min_length=1, max_length=MAX_TOOL_ID), Storable]
    settings: Annotated[dict[str, Any], Storable] = Field(default_factory=dict)


def _not_too_many(steps: Any) -> Any:
    """Before each step is looked at: what is wrong with thousands of them nobody wants to read."""
    most = settings.MAX_PIPELINE_STEPS
    if most and isinstance(steps, list) and len(steps) > most:
        raise ValueError(f"must hold at most {most} steps, not {len(steps)}")
    return steps


def _not_too_long(steps: list[PipelineStep]) -> list[PipelineStep]:
    if len(json.dumps([step.wire() for step in steps])) > MAX_BYTES:
        raise ValueError(f"must not be longer than {MAX_BYTES // 1024} KB")
    return steps


Steps = Annotated[
    list[PipelineStep],
    Field(min_length=1),
    BeforeValidator(_not_too_many),
    AfterValidator(_not_too_long),
]


class PipelineDefinition(WireModel):
    steps: Steps


def parse_definition(text: str) -> list[PipelineStep]:
    """The `pipeline` part of a form: JSON as text.

    Raises ValidationFailed for none, what is not JSON, and what is no pipeline (`details` says why).
    """
    if not text.strip():
        raise ValidationFailed("No pipeline was sent", code="NO_PIPELINE")
    if len(text) > MAX_BYTES:
        raise ValidationFailed(f"The pipeline must not be longer than {MAX_BYTES // 1024} KB")
    try:
        values = read_json(text)
    except ValueError as error:
        raise ValidationFailed("The pipeline must be valid JSON", details=str(error)) from None
    return read_definition(values)


def read_definition(values: Any) -> list[PipelineStep]:
    """What JSON values say. Raises ValidationFailed for what is no pipeline (`details` says why)."""
    try:
        return parse_body(PipelineDefinition, values).steps
    except ValidationFailed as error:
        raise ValidationFailed("Invalid pipeline", details=in_words(error)) from None
