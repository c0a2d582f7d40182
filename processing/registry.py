"""The catalogue: every tool module under `processing/tools`, found by walking the package. No list to
edit."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from processing import tools
from processing.tooling import Tool

AnyTool = Tool[Any]


class RegistryError(Exception):
    """The catalogue contradicts itself; raised at start, never at run time."""


def all_tools() -> tuple[AnyTool, ...]:
    """Every tool, ordered by section and id."""
    return tuple(_catalogue().values())


def get(section: str, tool_id: str) -> AnyTool:
    """The tool at `<section>/<tool_id>`; raises KeyError."""
    tool = _catalogue()[tool_id]
    if tool.section != section:
        raise KeyError(tool_id)
    return tool


def find(tool_id: str) -> AnyTool:
    """The tool of that id in whichever section; raises KeyError."""
    return _catalogue()[tool_id]


@cache
def _catalogue() -> dict[str, AnyTool]:
    return collect(tools)


def collect(package: ModuleType) -> dict[str, AnyTool]:
    """Import `<package>.<section>.<tool>` and index the tools by id; modules named `_…` are helpers."""
    found: dict[str, AnyTool] = {}
    settings_names: dict[str, str] = {}
    for section in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not section.ispkg:
            continue
        for module in pkgutil.iter_modules(import_module(section.name).__path__, f"{section.name}."):
            if not module.name.rpartition(".")[2].startswith("_"):
                _add(_only_tool(import_module(module.name)), found, settings_names)
    return dict(sorted(found.items(), key=lambda item: (item[1].section, item[0])))


def _only_tool(module: ModuleType) -> AnyTool:
    declared = [value for value in vars(module).values() if isinstance(value, Tool)]
    if len(declared) != 1:
        raise RegistryError(f"{module.__name__} must declare exactly one tool, not {len(declared)}")
    tool: AnyTool = declared[0]
    section, name = module.__name__.split(".")[-2:]
    if (tool.section, tool.id) != (section, name.replace("_", "-")):
        raise RegistryError(f"{module.__name__} declares {tool.path}, which belongs elsewhere")
    return tool


def _add(tool: AnyTool, found: dict[str, AnyTool], settings_names: dict[str, str]) -> None:
    if tool.id in found:
        raise RegistryError(f"Two tools are called {tool.id}: {found[tool.id].path} and {tool.path}")
    name = tool.settings_model.__name__
    if name in settings_names:
        raise RegistryError(f"{name} is the settings class of both {settings_names[name]} and {tool.path}")
    found[tool.id] = tool
    settings_names[name] = tool.path
