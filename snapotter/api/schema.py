"""What drf-spectacular cannot know: the settings of every tool, taken from the registry."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from processing.registry import all_tools


def add_tool_settings(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook: one component per settings model, so that `contentSchema` references resolve."""
    models = [(tool.settings_model, "validation") for tool in all_tools()]
    _, schema = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(schema.get("$defs", {}))
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result
