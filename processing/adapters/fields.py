"""One setting of a tool as a form field: its JSON schema, made into a widget and a parser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

LEFT_OUT: Final = object()
"""What an empty control stands for: the setting is not sent at all, and its default applies."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class Spec:
    """A setting in wire terms; `kind` is number, range, select, segmented, checkbox, color, text or json."""

    name: str
    title: str
    kind: str
    type: str
    help: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = None
    choices: Sequence[tuple[Any, str]] = ()
    unit: str = ""
    placeholder: str = ""
    step: float | None = None
    low: float | None = None
    high: float | None = None
    slider: tuple[float, float] | None = None
    max_length: int | None = None
    show_when: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def show_when_json(self) -> str:
        return json.dumps(self.show_when) if self.show_when else ""

    @property
    def slider_attributes(self) -> dict[str, Any]:
        """Ends, step and resting place of the slider of a `range`."""
        low, high = self.slider or (0, 100)
        start = self.default if self.default is not None else (low + high) / 2
        step = self.step or (1 if self.type == "integer" else 0.1)
        ends = {"min": low, "max": high, "step": step, "value": start}
        return {name: display(float(value)) for name, value in ends.items()}


def spec_of(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any], required: bool) -> Spec:
    """Read one property of a JSON schema made by pydantic."""
    value, nullable = _value_schema(schema, definitions)
    slider = _slider(schema, value)
    options = value.get("enum") or ([value["const"]] if "const" in value else [])
    kind_of_value = "choice" if options else str(value.get("type", "json"))
    return Spec(
        name=name,
        title=schema.get("title") or name,
        help=schema.get("description", ""),
        kind=_kind(schema.get("x-widget"), kind_of_value, slider),
        type=kind_of_value,
        required=required,
        nullable=nullable,
        default=schema.get("default"),
        choices=_choices(options, schema.get("x-labels", {})),
        unit=schema.get("x-unit", ""),
        placeholder=str(schema.get("x-placeholder", "")),
        step=schema.get("x-step"),
        low=_bound(value, "minimum", "exclusiveMinimum", schema.get("x-step"), 1),
        high=_bound(value, "maximum", "exclusiveMaximum", schema.get("x-step"), -1),
        slider=slider,
        max_length=value.get("maxLength"),
        show_when=schema.get("x-show-when", {}),
    )


def _value_schema(
    schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> tuple[Mapping[str, Any], bool]:
    """The schema of the value itself, without `or null` and references, and whether null is allowed."""
    if "$ref" in schema:
        return definitions[schema["$ref"].rpartition("/")[2]], False
    alternatives = schema.get("anyOf")
    if alternatives is None:
        return schema, False
    values = [item for item in alternatives if item.get("type") != "null"]
    nullable = len(values) < len(alternatives)
    if len(values) != 1:
        return {}, nullable
    return _value_schema(values[0], definitions)[0], nullable


def _slider(schema: Mapping[str, Any], value: Mapping[str, Any]) -> tuple[float, float] | None:
    """The ends a slider offers: as hinted, else all that is allowed; None without two ends."""
    if "x-range" in schema:
        low, high = schema["x-range"]
        return low, high
    ends = (
        _bound(value, "minimum", "exclusiveMinimum", schema.get("x-step"), 1),
        _bound(value, "maximum", "exclusiveMaximum", schema.get("x-step"), -1),
    )
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def _kind(hint: str | None, kind_of_value: str, slider: tuple[float, float] | None) -> str:
    if kind_of_value in {"array", "object", "json"}:
        return "json"
    natural = {"integer": "number", "number": "number", "boolean": "checkbox", "choice": "select"}
    if hint == "range" and slider is None:
        return "number"
    return hint or natural.get(kind_of_value, "text")


def _choices(options: Sequence[Any], labels: Mapping[str, str]) -> list[tuple[Any, str]]:
    return [
        (option, labels.get(str(option)) or str(option).replace("_", " ").capitalize()) for option in options
    ]


def _bound(
    value: Mapping[str, Any], inclusive: str, exclusive: str, step: float | None, inwards: int
) -> float | None:
    """What a control may hold at most or least; an excluded bound moves inwards by a step."""
    if inclusive in value or exclusive not in value:
        bound: float | None = value.get(inclusive)
        return bound
    distance = 1 if value.get("type") == "integer" else (step or 0)
    return float(value[exclusive]) + inwards * distance


def display(value: Any) -> Any:
    """A JSON value as a control shows it: 2.0 is 2."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value if isinstance(value, bool) or value is None else str(value)


class SettingField(forms.Field):
    """Never required for Django: whether something is missing is the settings model's to say."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        super().__init__(
            required=False,
            label=spec.title,
            help_text=spec.help,
            initial=spec.default,
            widget=_widget(spec),
        )

    def prepare_value(self, value: Any) -> Any:
        return display(value)

    def clean(self, value: Any) -> Any:
        """The typed JSON value of what was posted, LEFT_OUT for an empty control."""
        if self.spec.type == "boolean":
            return bool(value)
        text = str(value or "")
        if self.spec.kind != "text":
            text = text.strip()
        if not text:
            return "" if self.spec.type == "string" and self.spec.default == "" else LEFT_OUT
        return self._typed(text)

    def _typed(self, text: str) -> Any:
        if self.spec.type in {"integer", "number"}:
            return _number(text)
        if self.spec.type == "choice":
            # An unknown one goes on as it is: the model names what it allows
            return next((value for value, _ in self.spec.choices if str(value) == text), text)
        return _json(text) if self.spec.kind == "json" else text


def _number(text: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    raise ValidationError("Enter a number.")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationError("This is not valid JSON.") from None


class _ColorInput(forms.TextInput):
    input_type = "color"


def _widget(spec: Spec) -> forms.Widget:
    if spec.kind == "checkbox":
        return forms.CheckboxInput(attrs={"class": "checkbox"})
    if spec.kind == "segmented":
        return forms.RadioSelect(choices=_texts(spec), attrs={"class": "segment-input"})
    if spec.kind == "select":
        required = {"required": True} if spec.required else {}
        return forms.Select(choices=_texts(spec), attrs={"class": "select", **required})
    if spec.kind in {"number", "range"}:
        return forms.NumberInput(attrs=_number_attributes(spec))
    if spec.kind == "json":
        return forms.Textarea(attrs={"class": "input", "rows": 4, "spellcheck": "false"})
    if spec.kind == "color" and not spec.nullable:
        return _ColorInput(attrs={"class": "color"})
    return forms.TextInput(attrs=_text_attributes(spec))


def _texts(spec: Spec) -> list[tuple[str, str]]:
    choices = [(str(value), label) for value, label in spec.choices]
    if spec.nullable:
        return [("", spec.placeholder or "Automatic"), *choices]
    return [("", "Choose …"), *choices] if spec.required and spec.kind == "select" else choices


def _number_attributes(spec: Spec) -> dict[str, Any]:
    whole = spec.type == "integer"
    attributes = {
        "class": "input",
        "min": display(spec.low),
        "max": display(spec.high),
        "step": display(spec.step) if whole and spec.step else ("1" if whole else "any"),
        "inputmode": "numeric" if whole else "decimal",
        "placeholder": spec.placeholder or None,
        "required": spec.required,
        "data-may-be-empty": spec.default is None,
    }
    return {name: value for name, value in attributes.items() if value not in (None, False)}


def _text_attributes(spec: Spec) -> dict[str, Any]:
    attributes = {
        "class": "input",
        "placeholder": spec.placeholder or None,
        "maxlength": spec.max_length,
        "required": spec.required,
    }
    return {name: value for name, value in attributes.items() if value not in (None, False)}
