"""The form of a tool's page, derived from its settings model: nothing about a tool is written twice.

The form reads controls and makes JSON values of them; whether those are valid is decided by the model alone,
as for the API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, ClassVar, cast

from django import forms

from processing.adapters.fields import LEFT_OUT, SettingField, Spec, spec_of
from processing.tooling import SettingsError, Tool, ToolSettings


@dataclass(frozen=True)
class Aspect:
    """A shape a crop may be held to; `ratio` is width / height, None for any."""

    name: str
    ratio: float | None


@dataclass(frozen=True)
class Preset:
    """A named set of values, applied to the controls at once."""

    name: str
    values: Mapping[str, Any]

    @property
    def values_json(self) -> str:
        return json.dumps(self.values)

    @property
    def label(self) -> str:
        if {"width", "height"} <= self.values.keys():
            return f"{self.name} · {self.values['width']} × {self.values['height']}"
        return self.name


class SettingsForm(forms.Form):
    """Fields carry wire names. After `is_valid()`, `settings` holds the parsed settings."""

    model: ClassVar[type[ToolSettings]]
    presets: ClassVar[list[tuple[str, list[Preset]]]]
    aspects: ClassVar[list[Aspect]]
    drawn_on_picture: ClassVar[bool]
    settings: ToolSettings
    use_required_attribute = False  # some settings are needed only together; the fields say so themselves

    @property
    def editor(self) -> str:
        """How a script may help: `crop` draws on the picture, `sides` follow each other."""
        if self.drawn_on_picture:
            return "crop"
        return "sides" if {"width", "height"} <= self.fields.keys() else ""

    def clean(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if value is not LEFT_OUT}
        shown = {name: value for name, value in values.items() if self._is_shown(name, values)}
        self._parse(shown)
        return shown

    def add_problem(self, path: str | None, message: str) -> None:
        """Put what is wrong beside the field at fault; `path` is a dotted wire path, empty for the whole."""
        name = (path or "").partition(".")[0]
        self.add_error(name if name in self.fields else None, _for_people(message))

    def _parse(self, values: dict[str, Any]) -> None:
        try:
            self.settings = self.model.parse(values)
        except SettingsError as error:
            unreadable = set(self.errors)
            for path, message in error.problems:
                # What could not be read is absent here: do not call it missing, nor blame the whole
                if path.partition(".")[0] not in unreadable and (path or not unreadable):
                    self.add_problem(path, message)

    def _is_shown(self, name: str, values: Mapping[str, Any]) -> bool:
        """A control that its condition hides says nothing, whether a script hid it or not."""
        return all(
            values.get(other, self._spec(other).default) in allowed
            for other, allowed in self._spec(name).show_when.items()
            if other in self.fields
        )

    def _spec(self, name: str) -> Spec:
        return cast(SettingField, self.fields[name]).spec


def _for_people(message: str) -> str:
    """pydantic's sentences, addressed to somebody looking at the field."""
    if message == "Field required":
        return "This is needed."
    text = message.replace("Input should be", "Must be", 1).strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


@cache
def form_class(tool: Tool[Any]) -> type[SettingsForm]:
    """The form of a tool."""
    model: type[ToolSettings] = tool.settings_model
    schema = model.model_json_schema(by_alias=True)
    fields = {spec.name: SettingField(spec) for spec in _specs(schema)}
    name = f"{model.__name__}Form"
    members = {
        "model": model,
        "presets": _presets(schema),
        "aspects": _aspects(schema),
        "drawn_on_picture": schema.get("x-editor") == "crop",
        "__module__": __name__,
        **fields,
    }
    return cast(type[SettingsForm], type(name, (SettingsForm,), members))


def _specs(schema: Mapping[str, Any]) -> Iterator[Spec]:
    required = schema.get("required", [])
    for name, definition in schema.get("properties", {}).items():
        yield spec_of(name, definition, schema.get("$defs", {}), name in required)


def _presets(schema: Mapping[str, Any]) -> list[tuple[str, list[Preset]]]:
    groups = groupby(schema.get("x-presets", []), key=lambda preset: str(preset["group"]))
    return [(group, [Preset(item["name"], item["values"]) for item in items]) for group, items in groups]


def _aspects(schema: Mapping[str, Any]) -> list[Aspect]:
    return [
        Aspect(item["name"], item["ratio"][0] / item["ratio"][1] if item["ratio"] else None)
        for item in schema.get("x-aspects", [])
    ]
