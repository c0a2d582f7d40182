"""The steps of a pipeline while somebody edits them: in order, as they were typed, valid or not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.http import QueryDict

from processing.adapters.fields import SettingField, display
from processing.adapters.form import SettingsForm, form_class
from processing.adapters.words import find_tool, settings_in_words
from processing.tooling import Tool

_KEY: Final = re.compile(r"s[1-9][0-9]{0,5}", re.ASCII)


@dataclass
class DraftStep:
    """`key` is before the names of its controls, `values` is what they hold by setting; of a tool that is no
    longer there, `values` are the settings as they were saved.

    `is_checked`: what is wrong is told beside the controls. `problems` and `warnings` are about the step as a
    whole.
    """

    key: str
    tool_id: str
    values: dict[str, Any]
    is_open: bool = False
    is_checked: bool = False
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def tool(self) -> Tool[Any] | None:
        """None for one that is not there, or cannot be a step."""
        return _step_tool(self.tool_id)

    @property
    def title(self) -> str:
        return self.tool.title if self.tool else self.tool_id

    @cached_property
    def answers(self) -> SettingsForm | None:
        """The form with what was typed, judged."""
        if self.tool is None:
            return None
        data = {f"{self.key}-{name}": value for name, value in self.values.items()}
        return form_class(self.tool)(data, prefix=self.key)

    @property
    def form(self) -> SettingsForm | None:
        """The form as it is shown: while a step is still being filled in, nothing is called wrong."""
        if self.tool is None or self.is_checked:
            return self.answers
        return form_class(self.tool)(initial=self.values, prefix=self.key)

    @property
    def is_valid(self) -> bool:
        return self.answers is None or self.answers.is_valid()

    @property
    def settings(self) -> dict[str, Any]:
        """In wire names; of a step that is not valid, what could be read."""
        if self.answers is None:
            return self.values
        if self.answers.is_valid():
            return self.answers.settings.wire()
        return dict(self.answers.cleaned_data)

    @property
    def summary(self) -> str:
        return settings_in_words(self.tool_id, self.settings)

    @property
    def line(self) -> str:
        """The summary, or why there is none."""
        if self.summary:
            return self.summary
        return "Standard settings" if self.is_valid else "Not set yet"

    @property
    def kept_json(self) -> str:
        return json.dumps(self.values)


class Draft:
    def __init__(self, steps: Sequence[DraftStep]) -> None:
        self.steps = list(steps)

    @classmethod
    def saved(cls, steps: Sequence[Mapping[str, Any]]) -> Draft:
        return cls([_saved(f"s{number}", step) for number, step in enumerate(steps, start=1)])

    @classmethod
    def posted(cls, data: QueryDict) -> Draft:
        """From the controls of the page; the order is that of the keys."""
        keys = dict.fromkeys(key for key in data.getlist("step") if _KEY.fullmatch(key))
        opened = set(data.getlist("open"))
        return cls([_posted(key, data, is_open=key in opened) for key in keys])

    def wire(self) -> list[dict[str, Any]]:
        return [{"toolId": step.tool_id, "settings": step.settings} for step in self.steps]

    def find(self, key: str) -> int | None:
        """The index of a step."""
        return next((index for index, step in enumerate(self.steps) if step.key == key), None)

    def add(self, tool: Tool[Any]) -> DraftStep:
        step = DraftStep(self._free_key(), tool.id, _texts(tool, {}), is_open=True)
        self.steps.append(step)
        return step

    def duplicate(self, index: int) -> DraftStep:
        """Put a copy behind it."""
        original = self.steps[index]
        copy = DraftStep(self._free_key(), original.tool_id, dict(original.values), is_open=original.is_open)
        self.steps.insert(index + 1, copy)
        return copy

    def move(self, index: int, by: int) -> int:
        """Where it is then; at an end it stays where it is."""
        to = min(max(0, index + by), len(self.steps) - 1)
        self.steps.insert(to, self.steps.pop(index))
        return to

    def _free_key(self) -> str:
        return f"s{max((int(step.key[1:]) for step in self.steps), default=0) + 1}"


def _step_tool(tool_id: str) -> Tool[Any] | None:
    tool = find_tool(tool_id)
    return tool if tool is not None and tool.can_be_step else None


def _saved(key: str, step: Mapping[str, Any]) -> DraftStep:
    tool_id, settings = str(step.get("toolId", "")), dict(step.get("settings") or {})
    tool = _step_tool(tool_id)
    return DraftStep(key, tool_id, _texts(tool, settings) if tool else settings)


def _posted(key: str, data: QueryDict, *, is_open: bool) -> DraftStep:
    tool_id = data.get(f"{key}-tool", "")
    tool = _step_tool(tool_id)
    if tool is None:
        return DraftStep(key, tool_id, _kept(data.get(f"{key}-settings", "")), is_open)
    values: dict[str, Any] = {}
    for name, control in _controls(tool):
        sent = data.get(f"{key}-{name}")
        values[name] = sent is not None if control.spec.type == "boolean" else (sent or "")
    return DraftStep(key, tool_id, values, is_open)


def _kept(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _texts(tool: Tool[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the controls hold for settings, defaults included."""
    return {name: display(settings.get(name, control.spec.default)) for name, control in _controls(tool)}


def _controls(tool: Tool[Any]) -> Iterator[tuple[str, SettingField]]:
    for name, control in form_class(tool).base_fields.items():
        if isinstance(control, SettingField):
            yield name, control
