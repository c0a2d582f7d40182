"""What drawing an SVG would cost: fifty lines of nested `use` can ask for billions of elements."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from processing.engine.svg_rules import SVG, local_references
from processing.tooling import InvalidInput

MAX_DRAWN = 250_000
"""Elements, once every `use`, pattern, mask, marker and filter is followed."""

MAX_DEPTH = 100
"""References followed. The renderer recurses, and overflows its stack (8 MB) somewhere above 200."""

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR_PART = re.compile(r"[.#]?[\w-]+|\*")


def too_complex(why: str) -> InvalidInput:
    return InvalidInput(f"Invalid image: the SVG is too complex: {why}.", code="SVG_TOO_COMPLEX")


def check_weight(root: Element) -> None:
    """Raises InvalidInput("SVG_TOO_COMPLEX")."""
    _Weigher(root).measure(root, 1)


class _Weigher:
    def __init__(self, root: Element) -> None:
        self._by_id = {element.get("id", ""): element for element in root.iter()}
        self._styled = _style_references(root)
        self._known: dict[Element, tuple[int, int]] = {}

    def measure(self, element: Element, level: int) -> tuple[int, int]:
        """How many elements are drawn for this one and how deep they nest. Each is measured once; a circle of
        references ends where it closes, as it does in the renderer."""
        if element in self._known:
            return self._known[element]
        self._known[element] = 0, 0
        count, depth = 1, 1
        for part in self._parts(element):
            if level + depth > MAX_DEPTH:
                raise too_complex("its references are nested too deeply")
            part_count, part_depth = self.measure(part, level + 1)
            count, depth = count + part_count, max(depth, part_depth + 1)
            if count > MAX_DRAWN:
                raise too_complex("its references multiply")
        if level + depth - 1 > MAX_DEPTH:
            raise too_complex("its references are nested too deeply")
        self._known[element] = count, depth
        return count, depth

    def _parts(self, element: Element) -> Iterator[Element]:
        yield from element
        for target in self._references(element):
            if target in self._by_id:
                yield self._by_id[target]

    def _references(self, element: Element) -> Iterator[str]:
        for name, value in element.attrib.items():
            yield from [value[1:]] if name == "href" else local_references(value)
        if self._styled:
            for handle in _handles(element):
                yield from self._styled.get(handle, ())


def _handles(element: Element) -> Iterator[str]:
    """Everything by which a style sheet can name an element."""
    yield "*"
    yield element.tag.rpartition("}")[2]
    yield f"#{element.get('id', '')}"
    yield from (f".{name}" for name in element.get("class", "").split())


def _style_references(root: Element) -> dict[str, set[str]]:
    """Ids that style rules refer to, by every part of their selectors: more than apply, never fewer."""
    found: dict[str, set[str]] = defaultdict(set)
    for style in root.iter(f"{{{SVG}}}style"):
        for selectors, body in _RULE.findall("".join(style.itertext())):
            if targets := local_references(body):
                for part in _SELECTOR_PART.findall(selectors):
                    found[part].update(targets)
    return found
