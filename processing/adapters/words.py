"""A job in words: which tools, and what they were told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from processing import registry
from processing.adapters.fields import SettingField, Spec, display
from processing.adapters.form import form_class
from processing.models import Job
from processing.tooling import Tool

MOST_SETTINGS: Final = 4
MOST_STEPS: Final = 4


def title_of(job: Job) -> str:
    """The title of the tool, of a pipeline those of its steps; the id of a tool that is no longer there."""
    titles = [tool_title(step["toolId"]) for step in job.steps] or [job.type.capitalize()]
    shown = " → ".join(titles[:MOST_STEPS])
    return shown if len(titles) <= MOST_STEPS else f"{shown} → {len(titles) - MOST_STEPS} more"


def settings_of(job: Job) -> str:
    """What differs from the defaults of the one tool; empty for several."""
    if len(job.steps) != 1:
        return ""
    (step,) = job.steps
    return settings_in_words(step["toolId"], step.get("settings") or {})


def settings_in_words(tool_id: str, settings: Mapping[str, Any]) -> str:
    """What differs from the defaults of a tool, in one line."""
    tool = find_tool(tool_id)
    if tool is None:
        return ""
    words = list(_words(tool, settings))
    more = [f"{len(words) - MOST_SETTINGS} more"] if len(words) > MOST_SETTINGS else []
    return " · ".join([*words[:MOST_SETTINGS], *more])


def find_tool(tool_id: str) -> Tool[Any] | None:
    """None for a tool that this version no longer has."""
    try:
        return registry.find(tool_id)
    except KeyError:
        return None


def tool_title(tool_id: str) -> str:
    """The id of a tool that is no longer there."""
    tool = find_tool(tool_id)
    return tool.title if tool else tool_id


def _words(tool: Tool[Any], settings: Mapping[str, Any]) -> Iterator[str]:
    specs = [field.spec for field in form_class(tool).base_fields.values() if isinstance(field, SettingField)]
    values = {spec.name: settings.get(spec.name, spec.default) for spec in specs}
    for spec in specs:
        told = values[spec.name]
        hidden = any(values.get(other) not in allowed for other, allowed in spec.show_when.items())
        if told != spec.default and not hidden:
            yield _word(spec, told)


def _word(spec: Spec, value: Any) -> str:
    if isinstance(value, bool):
        return spec.title if value else f"Not: {spec.title}"
    labels = dict(spec.choices)
    if value in labels:
        label: str = labels[value]
        return label.partition(" (")[0]
    if spec.kind == "json":
        return spec.title
    text = f"{spec.title} {display(value)}"
    return f"{text} {spec.unit}" if spec.unit else text
