from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.tool_permissions import ToolLimit, require_known
from processing import registry
from processing.registry import RegistryError, collect

_TOOL = """
from __future__ import annotations
from processing.tooling import Image, Progress, ToolSettings, image_tool

class {settings}(ToolSettings):
    pass

@image_tool(title="T", summary="S", category="essentials", icon="i")
def work(image: Image, settings: {settings}, progress: Progress) -> Image:
    return image
"""


class Catalogue:
    """A package of tools on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sample_tools"
        self.root.mkdir()

    def add(self, path: str, settings: str = "WorkSettings", text: str = _TOOL) -> None:
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text.replace("{settings}", settings))

    def collect(self) -> list[str]:
        package = types.ModuleType("sample_tools")
        package.__path__ = [str(self.root)]
        sys.modules["sample_tools"] = package
        return [tool.path for tool in collect(package).values()]


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    yield Catalogue(tmp_path)
    for name in [name for name in sys.modules if name.startswith("sample_tools")]:
        del sys.modules[name]


def test_it_finds_the_real_tools() -> None:
    assert registry.get("image", "resize") is registry.find("resize")
    assert registry.find("resize") in registry.all_tools()


@pytest.mark.parametrize(("section", "tool"), [("image", "nothing"), ("video", "resize"), ("", "")])
def test_it_raises_key_error_for_what_is_not_there(section: str, tool: str) -> None:
    with pytest.raises(KeyError):
        registry.get(section, tool)


def test_id_and_section_come_from_the_path(catalogue: Catalogue) -> None:
    catalogue.add("pdf/split_pages.py")
    catalogue.add("pdf/_helper.py", text="x = 1")
    assert catalogue.collect() == ["pdf/split-pages"]


def test_it_refuses_one_id_in_two_sections(catalogue: Catalogue) -> None:
    catalogue.add("image/split.py", "ASettings")
    catalogue.add("pdf/split.py", "BSettings")
    with pytest.raises(RegistryError, match="Two tools are called split"):
        catalogue.collect()


def test_it_refuses_two_settings_classes_of_one_name(catalogue: Catalogue) -> None:
    catalogue.add("image/one.py")
    catalogue.add("image/two.py")
    with pytest.raises(RegistryError, match="WorkSettings"):
        catalogue.collect()


def test_it_refuses_a_tool_declared_elsewhere(catalogue: Catalogue) -> None:
    catalogue.add("image/copy.py", text="from processing.tools.image.resize import resize")
    with pytest.raises(RegistryError, match="belongs elsewhere"):
        catalogue.collect()


def test_it_refuses_a_module_without_a_tool(catalogue: Catalogue) -> None:
    catalogue.add("image/empty.py", text="")
    with pytest.raises(RegistryError, match="exactly one tool"):
        catalogue.collect()


def test_roles_can_be_limited_to_every_tool_there_is() -> None:
    tools = registry.all_tools()
    require_known(ToolLimit(mode="tool", allowed=[tool.id for tool in tools]))
    require_known(ToolLimit(mode="category", allowed=sorted({tool.category for tool in tools})))


def test_neither_it_nor_the_engine_imports_django() -> None:
    import subprocess

    code = (
        "import sys; import processing.engine.execute, processing.registry as r; r.all_tools();"
        "print([m for m in ('django', 'numpy', 'pi_heif', 'resvg_py', 'PIL.ImageCms') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
