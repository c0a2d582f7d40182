"""Which tools a role may use: `toolPermissions` of a role, either null (every tool) or {mode, allowed}.

`mode` says what `allowed` names: categories (with whatever tools a later version puts into them) or tools.
An empty list allows nothing. This layer knows no tools: `processing` declares them when it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationError

from snapotter.common.errors import ValidationFailed
from snapotter.common.wire import WireModel

MOST_ALLOWED: Final = 1000

_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]

_category_of: dict[str, str] = {}


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("must not name anything twice")
    return names


class ToolLimit(WireModel):
    """The tools that a role is limited to."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["category", "tool"]
    allowed: Annotated[list[_Id], Field(max_length=MOST_ALLOWED), AfterValidator(_distinct)]

    def allows(self, tool_id: str, category: str) -> bool:
        return (tool_id if self.mode == "tool" else category) in self.allowed

    def is_within(self, other: ToolLimit) -> bool:
        """Whether `other` allows all that this one does, now and with the tools of a later version."""
        if self.mode == other.mode:
            return set(self.allowed) <= set(other.allowed)
        if self.mode == "tool":
            return {_category_of.get(tool) for tool in self.allowed} <= set(other.allowed)
        return not self.allowed  # a category may grow, a list of tools does not


NO_TOOL: Final = ToolLimit(mode="tool", allowed=[])


def declare_tools(category_of: Mapping[str, str]) -> None:
    """Say which tools there are: the category of each by its id. Replaces what was declared before."""
    _category_of.clear()
    _category_of.update(category_of)


def from_stored(value: Any) -> ToolLimit | None:
    """The limit in the row of a role. What is no limit of ours allows nothing, rather than everything."""
    if value is None:
        return None
    try:
        return ToolLimit.model_validate(value)
    except ValidationError:
        return NO_TOOL


def require_known(limit: ToolLimit | None) -> None:
    """Raises ValidationFailed, naming them, for tools or categories that nobody declared."""
    if limit is None:
        return
    known = _category_of.keys() if limit.mode == "tool" else set(_category_of.values())
    unknown = sorted(set(limit.allowed) - known)
    if unknown:
        raise ValidationFailed(f"Invalid toolPermissions: no {limit.mode} is called {', '.join(unknown)}")
