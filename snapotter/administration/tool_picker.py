"""What tools are chosen with: every one of them by category, and a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.tool_permissions import ToolLimit
from processing import registry
from processing.adapters.groups import grouped

Group = tuple[str, list[tuple[str, str]]]
"""A title, and the tools below it: id and title of each."""


class ToolPicker(forms.CheckboxSelectMultiple):
    """One that was chosen and is gone since stays listed, so that it stays chosen."""

    template_name = "admin/tool_picker.html"

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> list[Any]:
        self.choices = _with_gone(tool_choices(), value)
        return super().optgroups(name, list(value), attrs)


def categories() -> list[tuple[str, str]]:
    """Those that have tools, with their titles."""
    return [(group.id, group.title) for group in grouped(registry.all_tools(), "")]


def tool_choices() -> list[Group]:
    groups = grouped(registry.all_tools(), "")
    return [(group.title, [(card.tool.id, card.tool.title) for card in group.cards]) for group in groups]


def tools_in_words(limit: ToolLimit | None) -> str:
    if limit is None:
        return "Every tool."
    if limit.mode == "category":
        titles = [title for id, title in categories() if id in limit.allowed]
        return f"The tools of these categories: {', '.join(titles)}." if titles else "No tool."
    titles = [title for _, tools in tool_choices() for id, title in tools if id in limit.allowed]
    return f"These tools: {', '.join(titles)}." if titles else "No tool."


def _with_gone(groups: list[Group], chosen: Sequence[str]) -> list[Group]:
    gone = sorted(set(chosen) - {id for _, tools in groups for id, _ in tools})
    return [*groups, ("Not on this server", [(id, id) for id in gone])] if gone else groups
