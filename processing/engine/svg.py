"""SVG made safe and turned into pixels.

A real parser reads it, an allow-list (svg_rules) rebuilds it, resvg draws what was rebuilt: the original
text never reaches the renderer. Nothing is ever fetched: no file, no network, no DTD, no entity from outside.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml import EntitiesForbidden
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from PIL import Image

from processing.engine import svg_rules
from processing.engine.headers import Header
from processing.engine.request import Limits
from processing.engine.svg_size import Size, intrinsic_size, user_space
from processing.engine.svg_weight import MAX_DEPTH, check_weight, too_complex
from processing.tooling import InvalidInput, ToolError

MAX_ELEMENTS = 5000
MAX_ENTITIES = 64
MAX_ENTITY_LENGTH = 256
MAX_SIDE = 32_767


def read_header(file: BinaryIO, limits: Limits) -> Header:
    """Raises InvalidInput: SVG_TOO_LARGE, SVG_TOO_COMPLEX, INVALID_IMAGE."""
    root = _parse(_text(file, limits), _Outline())
    width, height = intrinsic_size(root)
    return Header(min(width, 10**6), min(height, 10**6), has_alpha=True)


def rasterise(path: Path, smallest: Size | None, limits: Limits) -> Image.Image:
    """RGBA, at the intrinsic size or, keeping its proportions, the least that covers `smallest`; never above
    the megapixel limit. Raises ToolError("DECODE_FAILED") and what `read_header` raises."""
    with path.open("rb") as file:
        root = sanitise(_parse(_text(file, limits), _Builder()))
    width, height = _drawn_size(intrinsic_size(root), smallest, limits)
    root.set("viewBox", user_space(root))
    root.set("width", str(width))
    root.set("height", str(height))
    return _draw(root)


def sanitise(root: Element) -> Element:
    """A new tree of what svg_rules allows. Raises InvalidInput if it would draw too much."""
    clean = _cleaned(root)
    if clean is None:
        raise InvalidInput("Invalid image: this is not an SVG document.")
    check_weight(clean)
    return clean


def _text(file: BinaryIO, limits: Limits) -> bytes:
    """The XML, unpacked if it is gzip (SVGZ), within the size limit either way."""
    limit = limits.max_svg_bytes or 2**31 - 2
    data = file.read(limit + 1)
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, limit + 1)
        except zlib.error:
            raise InvalidInput("Invalid image: the compressed SVG is damaged.") from None
    if len(data) > limit:
        raise InvalidInput(
            f"Invalid image: the SVG is larger than {limit / 2**20:g} MB.", code="SVG_TOO_LARGE"
        )
    return data


class _Parser(DefusedXMLParser):
    """Lets through the short internal entities that Illustrator uses for namespaces, and no other."""

    _entities = 0

    def defused_entity_decl(
        self, name: str, is_parameter: bool, value: str | None, base: Any, system: Any, public: Any, kind: Any
    ) -> None:
        self._entities += 1
        harmless = value is not None and len(value) <= MAX_ENTITY_LENGTH and not set("&<%") & set(value)
        if is_parameter or not harmless or self._entities > MAX_ENTITIES:
            raise EntitiesForbidden(name, value, base, system, public, kind)


def _parse(data: bytes, target: _Outline | _Builder) -> Element:
    parser = _Parser(target=target, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException:
        raise InvalidInput("Invalid image: the SVG declares entities, which are not accepted.") from None
    except (ParseError, ValueError, LookupError, AssertionError) as error:
        # LookupError: an encoding that does not exist; AssertionError: TreeBuilder on a document without
        # elements.
        raise InvalidInput(f"Invalid image: the SVG is not well-formed XML ({error}).") from None
    return root


class _Counter:
    """Keeps the number and the nesting of elements within bounds while parsing."""

    def __init__(self) -> None:
        self._count = 0
        self._depth = 0

    def _opened(self) -> None:
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS:
            raise too_complex(f"it has more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise too_complex(f"it is nested more than {MAX_DEPTH} levels deep")

    def _closed(self) -> None:
        self._depth -= 1


class _Outline(_Counter):
    """Parser target that remembers only the root element."""

    def __init__(self) -> None:
        super().__init__()
        self._root: Element | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._opened()
        if self._root is None:
            self._root = Element(tag, attributes)

    def end(self, tag: str) -> None:
        self._closed()

    def close(self) -> Element:
        if self._root is None or svg_rules.element_name(self._root.tag) != "svg":
            raise InvalidInput("Invalid image: this is not an SVG document.")
        return self._root


class _Builder(_Counter):
    """Parser target that builds the tree, without comments and processing instructions."""

    def __init__(self) -> None:
        super().__init__()
        self._tree = TreeBuilder()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._opened()
        self._tree.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._closed()
        self._tree.end(tag)

    def data(self, text: str) -> None:
        self._tree.data(text)

    def close(self) -> Element:
        return self._tree.close()


def _cleaned(element: Element) -> Element | None:
    name = svg_rules.element_name(element.tag)
    if name is None or (name == "style" and not svg_rules.is_safe("".join(element.itertext()))):
        return None
    clean = Element(f"{{{svg_rules.SVG}}}{name}", dict(_clean_attributes(element)))
    clean.text, clean.tail = element.text, element.tail
    for child in element:
        if (clean_child := _cleaned(child)) is not None:
            clean.append(clean_child)
    return clean


def _clean_attributes(element: Element) -> Iterator[tuple[str, str]]:
    for qualified, value in element.attrib.items():
        name = svg_rules.attribute_name(qualified)
        if name == "href":
            target = "".join(value.split())
            if target.startswith("#"):
                yield name, target
        elif name is not None and svg_rules.is_safe(value):
            yield name, value


def _drawn_size(size: tuple[float, float], smallest: Size | None, limits: Limits) -> Size:
    """Proportions kept, `smallest` covered, the megapixel limit and the renderer's own respected."""
    width, height = max(1.0, size[0]), max(1.0, size[1])
    factor = max(smallest[0] / width, smallest[1] / height) if smallest else 1.0
    if limits.max_megapixels:
        factor = min(factor, (limits.max_megapixels * 1e6 / (width * height)) ** 0.5)
    factor = min(factor, MAX_SIDE / max(width, height))
    return max(1, int(width * factor + 1e-6)), max(1, int(height * factor + 1e-6))


def _draw(root: Element) -> Image.Image:
    import resvg_py

    has_text = any(element.tag == f"{{{svg_rules.SVG}}}text" for element in root.iter())
    text = tostring(root, encoding="unicode", default_namespace=None)
    try:
        png = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=not has_text)
    except ValueError as error:
        raise ToolError("DECODE_FAILED", f"The SVG cannot be drawn ({error}).") from None
    except BaseException as error:
        # A panic in the renderer (Rust) arrives as pyo3's PanicException, which has no importable name and is
        # deliberately no Exception. It is the drawing's fault all the same.
        if type(error).__name__ != "PanicException":
            raise
        raise ToolError("DECODE_FAILED", "The SVG cannot be drawn.") from None
    return Image.open(io.BytesIO(bytes(png)), formats=["PNG"]).convert("RGBA")
