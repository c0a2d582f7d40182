"""Command line flags from a tool's settings model: `without_enlargement` becomes `--without-enlargement`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from processing.tooling import Tool


def add_flags(parser: argparse.ArgumentParser, tool: Tool[Any]) -> None:
    """One flag per setting; what is not given stays at the model's default."""
    for name, field in tool.settings_model.model_fields.items():
        schema = _schema_of(tool, field.alias or name)
        options: dict[str, Any] = {"dest": field.alias or name, "default": argparse.SUPPRESS}
        options["help"] = _help(field.title or name, field.description, field.default, field.is_required())
        if schema.get("type") == "boolean":
            options["action"] = argparse.BooleanOptionalAction
        else:
            options["type"] = _value
            options["metavar"] = "|".join(schema.get("enum", [schema.get("type", "json").upper()]))
        parser.add_argument(f"--{name.replace('_', '-')}", **options)


def _schema_of(tool: Tool[Any], wire_name: str) -> dict[str, Any]:
    """The JSON schema of one setting, the null of an optional one taken out and references followed."""
    schema = tool.settings_model.model_json_schema(by_alias=True)
    found = schema["properties"][wire_name]
    for option in found.get("anyOf", []):
        if option.get("type") != "null":
            found = option
    if "$ref" in found:
        found = schema["$defs"][found["$ref"].rsplit("/", 1)[1]]
    return dict(found)


def _help(title: str, description: str | None, default: Any, required: bool) -> str:
    """argparse expands %, so it is doubled."""
    text = title + (f": {description}" if description else "")
    if required:
        text += " (required)"
    elif default is not None:
        text += f" (default {default})"
    return text.replace("%", "%%")


def _value(text: str) -> Any:
    """Numbers and JSON as what they are, anything else as text; the model decides what is right."""
    try:
        return json.loads(text)
    except ValueError:
        return text
