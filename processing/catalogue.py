"""The tools that can be used now: the registry without what an administrator has turned off, and for a user
without what the role does not allow."""

from __future__ import annotations

from typing import Any

from accounts.permissions import may_use_tool, tool_limit
from processing import registry
from processing.tooling import Tool
from snapotter.common.errors import NotFound, PermissionRefused
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


def is_usable(tool: Tool[Any], *, user: Any) -> bool:
    return is_enabled(tool) and may_use_tool(user, tool.id, tool.category)


def require_usable(tool: Tool[Any], *, user: Any) -> None:
    """Raises NotFound for a tool that is turned off, PermissionRefused for one that `user` may not use."""
    require_enabled(tool)
    if not may_use_tool(user, tool.id, tool.category):
        raise PermissionRefused("Your role does not allow this tool.")


def usable_tools(*, user: Any) -> tuple[Tool[Any], ...]:
    """Ordered by section and id."""
    limit = tool_limit(user)
    tools = enabled_tools()
    return tools if limit is None else tuple(tool for tool in tools if limit.allows(tool.id, tool.category))


def get(section: str, tool_id: str, *, user: Any) -> Tool[Any]:
    """The tool at that address, to use it. Raises NotFound, PermissionRefused."""
    try:
        tool = registry.get(section, tool_id)
    except KeyError:
        raise NotFound from None
    require_usable(tool, user=user)
    return tool
