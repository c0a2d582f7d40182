"""The base of every tool's settings: strict, frozen, camelCase on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from processing.tooling.errors import SettingsError

__all__ = ["Field", "ToolSettings", "WholeNumber"]


def _whole(value: object) -> object:
    """JSON knows one kind of number: 80.0 is 80 to every client that wrote it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, BeforeValidator(_whole)]

_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


class ToolSettings(BaseModel):
    """Subclass names are unique in the whole project: OpenAPI components are named after them.

    Presentation hints live in `json_schema_extra` of a field:
    `x-widget` (range, number, select, segmented, checkbox, color, text), `x-unit` (px, %, °, KB),
    `x-show-when` ({"<wireName>": [values]}, hide the field otherwise), `x-labels` ({value: label} of a
    choice), `x-step`, `x-placeholder`, `x-range` ([from, to] a slider offers where more is allowed);
    of the model: `x-presets` ([{group, name, values: {wireName: value}}]), `x-editor` (crop: the values
    are drawn on the picture) with `x-aspects` ([{name, ratio: [width, height] or null}]).
    """

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        alias_generator=to_camel,
        populate_by_name=True,
        validate_default=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """pydantic leaves the bounds of an optional WholeNumber under its own names, unknown to clients."""
        schema = handler(core_schema)
        for definition in handler.resolve_ref_schema(schema).get("properties", {}).values():
            for part in (definition, *definition.get("anyOf", ())):
                for ours in _BOUNDS.keys() & part.keys():
                    part[_BOUNDS[ours]] = part.pop(ours)
        return schema

    @classmethod
    def parse(cls, values: object) -> Self:
        """Validate JSON values in wire names. Unknown names are ignored.

        Raises SettingsError with every problem, each with its dotted wire path.
        """
        if not isinstance(values, Mapping):
            raise SettingsError([("", "must be a JSON object")])
        try:
            return cls.model_validate(dict(values), by_alias=True, by_name=False)
        except ValidationError as error:
            raise SettingsError([_problem(item) for item in error.errors()]) from None

    def wire(self) -> dict[str, Any]:
        """The settings as JSON values in wire names; what was left at None is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def _problem(item: Any) -> tuple[str, str]:
    path = ".".join(str(part) for part in item["loc"])
    message: str = item["msg"].removeprefix("Value error, ")
    return path, message
