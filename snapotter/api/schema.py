"""The OpenAPI document: what drf-spectacular cannot know by itself."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from pydantic.json_schema import models_json_schema

from processing.registry import all_tools


class AutoSchema(SpectacularSchema):
    def get_operation_id(self) -> str:
        """`post-api-keys`: the method and the name of the view."""
        words = re.sub(r"(?<!^)(?=[A-Z])", "-", type(self.view).__name__)
        return f"{self.method}-{words}".lower()

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """The handler's docstring; a view's own is about the code."""
        handler = getattr(self.view, self.method.lower())
        return str(handler.__doc__ or "")


class Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.CredentialAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A session token from login, or an API key (`si_…`).",
        }


def add_tool_settings(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook: one component per settings model, so that `contentSchema` references resolve."""
    models: Any = [(tool.settings_model, "validation") for tool in all_tools()]
    described = models_json_schema(models, ref_template="#/components/schemas/{model}")[1]
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(described.get("$defs", {}))
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result
