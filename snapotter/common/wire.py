"""JSON bodies: snake_case in Python, camelCase on the wire. The mapping is mechanical and lives only here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from snapotter.common.errors import ValidationFailed

Body = TypeVar("Body", bound="WireModel")


def iso_milliseconds(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`: the only form a timestamp has on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    PlainSerializer(iso_milliseconds, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class WireModel(BaseModel):
    """A request or response body. Requests are strict: `"12"` is not a number and `1` is not true.

    Subclass names are unique in the project: OpenAPI components are named after them.
    """

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        from_attributes=True,
        alias_generator=to_camel,
        populate_by_name=True,
    )

    def wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)

    def given(self) -> dict[str, Any]:
        """The fields that the body names, by their Python names: what is absent is to stay as it is."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def read_json(text: str) -> Any:
    """Raises ValueError, also for NaN and Infinity, which are no JSON, and for what is nested beyond all
    sense."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def in_words(error: ValidationFailed) -> str:
    """Its `details` as `parse_body` makes them, in one line; the message of an error without such."""
    if not isinstance(error.details, list):
        return error.message
    return "; ".join(f"{problem['path']}: {problem['message']}" for problem in error.details)


def parse_body(model: type[Body], data: object) -> Body:
    """Validate a JSON body. An empty one is `{}`.

    Raises ValidationFailed with `details` = [{path, message}].
    """
    if not isinstance(data, Mapping):
        raise ValidationFailed("The body must be a JSON object")
    return _parse(model, data, "body")


def parse_query(model: type[Body], query: Mapping[str, str]) -> Body:
    """Validate the parameters of an address, which are all text. Raises as `parse_body` does."""
    return _parse(model, query, "query")


def _parse(model: type[Body], data: Mapping[Any, Any], what: str) -> Body:
    try:
        return model.model_validate(dict(data), by_alias=True, by_name=False)
    except ValidationError as error:
        problems = [
            {"path": ".".join(map(str, item["loc"])), "message": _message_of(item)} for item in error.errors()
        ]
        summary = "; ".join(f"{problem['path']}: {problem['message']}" for problem in problems)
        raise ValidationFailed(f"Invalid {what}: {summary}", details=problems) from None


def _message_of(problem: ErrorDetails) -> str:
    """pydantic counts characters and items where a person would say that something is empty."""
    if problem["type"] in {"too_short", "string_too_short"} and problem["ctx"]["min_length"] == 1:
        return "must not be empty"
    return problem["msg"].removeprefix("Value error, ")
