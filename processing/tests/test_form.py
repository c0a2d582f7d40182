"""From a settings model to controls and back."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, Literal

import pytest
from django.forms import BoundField
from django.template.loader import render_to_string
from pydantic import ConfigDict

from processing import registry
from processing.adapters.fields import spec_of
from processing.adapters.form import SettingsForm, form_class
from processing.tests.test_catalogue import sample
from processing.tooling import Field, Image, Progress, Tool, ToolSettings, WholeNumber, image_tool

TOOLS = registry.all_tools()
every_tool = pytest.mark.parametrize("tool", TOOLS, ids=[tool.path for tool in TOOLS])


class Finish(Enum):
    MATT = "matt"
    HIGH_GLOSS = "high_gloss"


class SampleFormSettings(ToolSettings):
    model_config = ConfigDict(
        json_schema_extra={
            "x-presets": [
                {"group": "Small", "name": "Stamp", "values": {"copies": 2}},
                {"group": "Small", "name": "Card", "values": {"width": 85, "height": 55}},
                {"group": "Large", "name": "Poster", "values": {"copies": 1}},
            ]
        }
    )

    copies: WholeNumber = Field(2, ge=1, lt=10, title="Copies", json_schema_extra={"x-widget": "range"})
    strength: float | None = Field(
        None, gt=0, title="Strength", json_schema_extra={"x-unit": "%", "x-step": 0.5}
    )
    turn: float = Field(0, title="Turn", json_schema_extra={"x-widget": "range", "x-range": [-90, 90]})
    mode: Literal["plain", "fancy"] = Field(
        "plain", title="Mode", json_schema_extra={"x-widget": "segmented"}
    )
    paper_size: Literal[4, 5] = Field(
        4, title="Paper", json_schema_extra={"x-labels": {"4": "A4", "5": "A5"}}
    )
    glitter: WholeNumber = Field(7, title="Glitter", json_schema_extra={"x-show-when": {"mode": ["fancy"]}})
    framed: bool = Field(True, title="Framed", description="With a frame.")
    ink: str = Field("#102030", title="Ink", json_schema_extra={"x-widget": "color"})
    paper_color: str | None = Field(None, title="Paper colour", json_schema_extra={"x-widget": "color"})
    note: str = Field("", max_length=20, title="Note")
    corners: list[int] = Field([1, 2], title="Corners")


def _nothing(image: Image, settings: SampleFormSettings, progress: Progress) -> Image:
    return image


_nothing.__module__ = "processing.tools.image.sample"
_nothing.__annotations__ = {"settings": SampleFormSettings}
TOOL: Tool[Any] = image_tool(title="Sample", summary="A sample.", category="essentials", icon="x")(_nothing)
POSTED = {
    "copies": "2",
    "turn": "0",
    "mode": "plain",
    "paperSize": "4",
    "glitter": "7",
    "framed": "on",
    "ink": "#102030",
    "corners": "[1, 2]",
}


def bound(**changes: str) -> SettingsForm:
    return form_class(TOOL)({**POSTED, **changes})


def parsed(form: SettingsForm) -> Any:
    assert form.is_valid(), form.errors
    return form.settings


def rendered(form: SettingsForm) -> str:
    return render_to_string("tools/settings.html", {"form": form})


def control(form: SettingsForm, name: str) -> str:
    return str(form[name])


def as_posted(form: SettingsForm) -> dict[str, str]:
    """What a browser sends when nobody touches anything."""

    def text(field: BoundField) -> str | None:
        value = field.value()
        return {True: "on", False: None, None: ""}.get(value, value)

    values = {field.name: text(field) for field in form}
    return {name: value for name, value in values.items() if value is not None}


@every_tool
def test_an_untouched_form_says_what_it_was_given(tool: Tool[Any]) -> None:
    form = form_class(tool)(initial=sample(tool))
    again = form_class(tool)(as_posted(form))
    assert parsed(again) == tool.settings_model.parse(sample(tool))


@every_tool
def test_every_setting_has_a_control_with_a_label(tool: Tool[Any]) -> None:
    html = rendered(form_class(tool)())
    for name, definition in tool.settings_model.model_json_schema()["properties"].items():
        assert f'name="{name}"' in html
        assert definition["title"] in html
    for target in re.findall(r'<label[^>]* for="([^"]+)"', html):
        assert f'id="{target}"' in html
    for ids in re.findall(r'aria-describedby="([^"]+)"', html):
        assert all(f'id="{id}"' in html for id in ids.split())


def test_defaults_come_back() -> None:
    assert parsed(form_class(TOOL)(as_posted(form_class(TOOL)()))) == SampleFormSettings()


def test_values_get_the_type_that_json_gives_them() -> None:
    settings = parsed(
        bound(copies="3", strength="2.5", turn="-45", paperSize="5", corners="[9]", note=" a b")
    )
    assert (settings.copies, settings.strength, settings.turn) == (3, 2.5, -45)
    assert (settings.paper_size, settings.corners, settings.note) == (5, [9], " a b")


def test_an_empty_number_is_left_out() -> None:
    assert parsed(bound(strength="", copies="")).strength is None
    assert parsed(bound(copies="")).copies == 2


def test_a_box_that_is_not_ticked_is_false() -> None:
    values = {name: value for name, value in POSTED.items() if name != "framed"}
    assert parsed(form_class(TOOL)(values)).framed is False


def test_a_hidden_setting_says_nothing() -> None:
    assert parsed(bound(glitter="9")).glitter == 7
    assert parsed(bound(glitter="9", mode="fancy")).glitter == 9


@pytest.mark.parametrize("text", ["x", "1e9", "NaN", "Infinity", "1_0", "٣", "1,5", "0x1", "9" * 30])
def test_what_is_no_number_is_said_beside_its_field(text: str) -> None:
    form = bound(strength=text)
    assert form.errors == {"strength": ["Enter a number."]}


def test_every_problem_goes_to_its_own_field() -> None:
    form = bound(copies="10", strength="0", mode="odd", corners="[", ink="")
    assert set(form.errors) == {"copies", "strength", "mode", "corners"}
    assert form.errors["copies"] == ["Must be less than 10."]
    html = rendered(form)
    assert 'aria-invalid="true"' in html
    assert 'id="id_copies_error"' in html


def test_a_problem_of_the_whole_stands_above_the_fields() -> None:
    form = form_class(registry.get("image", "resize"))({})
    assert form.non_field_errors() == ["Give a width, a height or a percentage."]
    assert "Give a width" in rendered(form)


def test_a_missing_setting_is_asked_for() -> None:
    form = form_class(registry.get("image", "convert"))({"format": ""})
    assert form.errors == {"format": ["This is needed."]}


def test_a_problem_in_the_depth_of_a_value_belongs_to_its_field() -> None:
    assert set(bound(corners='[1, "x"]').errors) == {"corners"}


def test_bounds_become_attributes() -> None:
    copies = control(bound(), "copies")
    assert 'min="1"' in copies
    assert 'max="9"' in copies
    assert 'step="1"' in copies
    assert 'min="0.5"' in control(bound(), "strength")
    assert 'step="any"' in control(bound(), "strength")


def test_a_slider_keeps_to_its_range_and_the_number_does_not() -> None:
    spec = form_class(TOOL)().fields["turn"].spec  # type: ignore[attr-defined]
    assert spec.slider_attributes == {"min": "-90", "max": "90", "step": "0.1", "value": "0"}
    assert "min=" not in control(bound(), "turn")


def test_a_range_without_ends_is_a_number() -> None:
    assert spec_of("a", {"type": "number", "x-widget": "range"}, {}, False).kind == "number"


def test_an_enumeration_is_a_choice() -> None:
    definitions = {"Finish": {"enum": [item.value for item in Finish], "type": "string"}}
    spec = spec_of("finish", {"$ref": "#/$defs/Finish", "title": "Finish"}, definitions, True)
    assert (spec.kind, spec.choices) == ("select", [("matt", "Matt"), ("high_gloss", "High gloss")])


def test_the_widgets_are_native_ones() -> None:
    form = bound()
    assert 'type="color"' in control(form, "ink")
    assert 'type="text"' in control(form, "paperColor")
    assert 'maxlength="20"' in control(form, "note")
    assert "<textarea" in control(form, "corners")
    assert control(form, "mode").count('type="radio"') == 2
    assert "<fieldset" in rendered(form)


def test_presets_keep_their_groups_and_order() -> None:
    presets = form_class(TOOL).presets
    assert [(group, [preset.label for preset in items]) for group, items in presets] == [
        ("Small", ["Stamp", "Card · 85 × 55"]),
        ("Large", ["Poster"]),
    ]
    assert "{&quot;copies&quot;: 2}" in rendered(bound())


def test_the_page_knows_how_a_script_may_help() -> None:
    assert form_class(registry.get("image", "crop"))().editor == "crop"
    assert form_class(registry.get("image", "resize"))().editor == "sides"
    assert form_class(TOOL)().editor == ""


def test_crop_offers_shapes() -> None:
    shapes = {aspect.name: aspect.ratio for aspect in form_class(registry.get("image", "crop")).aspects}
    assert shapes["1:1"] == 1
    assert None in shapes.values()
