"""The tools that can be used now: the registry without what an administrator has turned off."""

from __future__ import annotations

from typing import Any

from processing import registry
from processing.tooling import Tool
from snapotter.common.errors import NotFound
from snapotter.runtime import store
from snapotter.runtime.registry import DISABLED_TOOLS


def is_enabled(tool: Tool[Any]) -> bool:
    return tool.id not in store.get(DISABLED_TOOLS)


def require_enabled(tool: Tool[Any]) -> None:
    """Raises NotFound: a tool that is turned off is as if it were not there."""
    if not is_enabled(tool):
        raise NotFound


def enabled_tools() -> tuple[Tool[Any], ...]:
    """Ordered by section and id."""
    disabled = store.get(DISABLED_TOOLS)
    return tuple(tool for tool in registry.all_tools() if tool.id not in disabled)


def get(section: str, tool_id: str) -> Tool[Any]:
    """Raises NotFound."""
    try:
        tool = registry.get(section, tool_id)
    except KeyError:
        raise NotFound from None
    require_enabled(tool)
    return tool
