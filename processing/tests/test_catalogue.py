"""What every tool must have. A new tool is covered by being there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from processing import registry
from processing.engine.execute import execute
from processing.engine.formats import FORMATS
from processing.engine.request import InputFile, PipelineRequest, RunRequest, StepRequest
from processing.tests.images import make_file, make_image
from processing.tooling import SettingsError, Tool, Trait

# Settings for a sample run, with the reason why the defaults will not do.
NEEDS_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "image/resize": ({"width": 20}, "nobody but the user knows the size"),
    "image/crop": ({"left": 1, "top": 2, "width": 20, "height": 10}, "nobody but the user knows the area"),
    "image/convert": ({"format": "webp"}, "nobody but the user knows the format"),
}

WIDGETS = {"range", "number", "select", "segmented", "checkbox", "color", "text"}

TOOLS = registry.all_tools()
every_tool = pytest.mark.parametrize("tool", TOOLS, ids=[tool.path for tool in TOOLS])


def sample(tool: Tool[Any]) -> dict[str, Any]:
    return NEEDS_SETTINGS.get(tool.path, ({}, ""))[0]


def properties(tool: Tool[Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = tool.settings_model.model_json_schema(by_alias=True).get(
        "properties", {}
    )
    return found


def choices(field: dict[str, Any]) -> list[Any]:
    return [value for part in (field, *field.get("anyOf", [])) for value in part.get("enum", [])]


def test_exemptions_are_still_needed() -> None:
    for path in NEEDS_SETTINGS:
        with pytest.raises(SettingsError):
            registry.get(*path.split("/")).settings_model.parse({})


@every_tool
def test_defaults_are_valid_or_their_lack_has_a_reason(tool: Tool[Any]) -> None:
    if tool.path not in NEEDS_SETTINGS:
        tool.settings_model.parse({})
    assert NEEDS_SETTINGS.get(tool.path, ({}, "none needed"))[1]


@every_tool
def test_settings_survive_json(tool: Tool[Any]) -> None:
    settings = tool.settings_model.parse(sample(tool))
    wired = json.loads(json.dumps(settings.wire()))
    assert tool.settings_model.parse(wired) == settings
    assert wired.keys() <= properties(tool).keys()


@every_tool
def test_unknown_settings_are_ignored_and_other_things_refused(tool: Tool[Any]) -> None:
    assert tool.settings_model.parse({**sample(tool), "noSuchThing": 1}) == tool.settings_model.parse(
        sample(tool)
    )
    nonsense: Any
    for nonsense in ([], "x", 3, None):
        with pytest.raises(SettingsError):
            tool.settings_model.parse(nonsense)


@every_tool
def test_no_field_takes_a_number_from_a_string_or_an_array(tool: Tool[Any]) -> None:
    nonsense: Any
    for name, field in properties(tool).items():
        kinds = {part.get("type") for part in (field, *field.get("anyOf", []))}
        if kinds & {"integer", "number"}:
            for nonsense in ("1", [1], {}, float("nan"), float("inf"), True):
                with pytest.raises(SettingsError) as caught:
                    tool.settings_model.parse({**sample(tool), name: nonsense})
                assert name in {path for path, _ in caught.value.problems}


@every_tool
def test_it_runs(tool: Tool[Any], tmp_path: Path) -> None:
    """From a PNG with alpha, so that nothing can rely on three channels."""
    file = InputFile(make_file(tmp_path / "a.png", make_image("RGBA", (40, 30))), "a.png")
    output_dir = tmp_path / "output"
    output_dir.mkdir()
    result = execute(RunRequest(tool.path, sample(tool), (file,), output_dir))
    assert result.outputs or result.data
    json.dumps(result.data)
    for output in result.outputs:
        assert output.path.parent == output_dir
        assert output.path.stat().st_size == output.bytes > 0


@every_tool
def test_it_has_its_own_test_file(tool: Tool[Any]) -> None:
    name = f"test_{tool.id.replace('-', '_')}.py"
    assert Path(__file__).with_name(name).exists()


@every_tool
def test_it_presents_itself(tool: Tool[Any]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tool.id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tool.icon)
    assert tool.title[0].isupper()
    assert tool.summary.endswith(".")
    assert tool.summary.count(".") == 1
    assert 10 < len(tool.summary) <= 80
    assert tool.keywords
    assert all(word == word.lower() for word in tool.keywords)


@every_tool
def test_every_field_can_be_shown_in_a_form(tool: Tool[Any]) -> None:
    for name, field in properties(tool).items():
        assert field.get("title"), name
        assert field.get("x-widget") in WIDGETS, name
        if labels := field.get("x-labels"):
            assert set(labels) == set(map(str, choices(field))), name
        for other, values in field.get("x-show-when", {}).items():
            known = choices(properties(tool)[other])
            assert set(values) <= set(known or [True, False]), name


@every_tool
def test_its_presets_are_valid(tool: Tool[Any]) -> None:
    for preset in tool.settings_model.model_json_schema().get("x-presets", []):
        assert preset.keys() == {"group", "name", "values"}
        assert preset["values"].keys() <= properties(tool).keys()
        tool.settings_model.parse({**sample(tool), **preset["values"]})


@every_tool
def test_what_it_says_of_itself_to_the_pipeline_check_is_known(tool: Tool[Any]) -> None:
    traits = set(get_args(Trait))
    assert set(tool.loses) <= traits
    assert set(tool.expects) <= traits - set(tool.loses)
    assert set(tool.reads) <= FORMATS.keys()
    assert not tool.resamples or tool.output_size


@every_tool
def test_what_can_be_a_step_takes_one_file_and_makes_one(tool: Tool[Any], tmp_path: Path) -> None:
    if not tool.can_be_step:
        return
    file = InputFile(make_file(tmp_path / "a.png", make_image("RGBA", (40, 30))), "a.png")
    output_dir = tmp_path / "output"
    output_dir.mkdir()
    steps = StepRequest(tool.path, sample(tool)), StepRequest("image/compress", {})
    (output,) = execute(PipelineRequest(steps, file, output_dir)).outputs
    assert output.path.stat().st_size == output.bytes > 0


def test_settings_classes_have_unique_names() -> None:
    names = [tool.settings_model.__name__ for tool in TOOLS]
    assert len(names) == len(set(names))
    assert all(name.endswith("Settings") for name in names)
