"""The two ways to declare a tool, and what a declaration holds.

The id and the section come from the module's path: `processing/tools/<section>/<tool_id with
underscores>.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from PIL.Image import Image as Image

from processing.tooling.progress import Progress
from processing.tooling.settings import ToolSettings

S = TypeVar("S", bound=ToolSettings)

Category = Literal[
    "essentials", "optimization", "adjustments", "watermark", "utilities", "layout", "format", "ai"
]
Size = tuple[int, int]
Trait = Literal["alpha", "animation"]


@dataclass(frozen=True)
class SourceImage:
    """What is known of an input before its pixels are decoded. Sizes are in pixels, after EXIF
    orientation."""

    format: str
    """Format id: jpeg, png, webp, avif, gif, tiff, bmp, ico, heif, svg."""
    width: int
    height: int
    frames: int
    has_alpha: bool
    bytes: int
    """Of the file; for a later step of a pipeline still of the file that was decoded."""


@dataclass(frozen=True)
class Encoding:
    """How the result is to be written.

    `format` None means "same as input" (what cannot be written becomes PNG). `quality` is 1..100, None the
    encoder's default. With `max_bytes` the encoder finds the best quality whose file is not larger, and
    raises ToolError("TARGET_UNREACHABLE") with the smallest size reached if none is.
    `extension` replaces the file's extension by this very word; `keep_stem` leaves `_<tool id>` off the name.
    `bare` is for what shows pictures small: the first frame alone, in sRGB, without profile and resolution.
    """

    format: str | None = None
    quality: int | None = None
    max_bytes: int | None = None
    extension: str | None = None
    keep_stem: bool = False
    bare: bool = False


@dataclass(frozen=True)
class Result:
    """What a file tool gives back: files it wrote into its output directory and values for the answer."""

    outputs: Sequence[Path] = ()
    data: dict[str, Any] = field(default_factory=dict)


ImageFunction = Callable[[Image, S, Progress], Image]
FileFunction = Callable[[Sequence[Path], Path, S, Progress], Result]


def same_as_input(settings: ToolSettings, source: SourceImage) -> Encoding:
    return Encoding()


@dataclass(frozen=True)
class Tool(Generic[S]):
    """One tool of the catalogue; everything the product does with it is derived from this.

    `draft_size(settings, source)` is the smallest size (pixels, oriented) the function needs to do its work,
    or None for the full picture: the decoder may then shrink on load (`full_size(image)` still tells the
    true size), and draws a vector image at exactly that size. `output_size(settings, source)` belongs to
    every tool whose result can be larger than its input: the engine refuses too many pixels before any is
    allocated. `heavy` tools never run in the web process's own lane.
    `reads` are the format ids the tool can take; none given: all that the server can.

    In a pipeline: `one_to_one` says of a file tool that it makes one file from one, so that it can be a step
    (image tools always can). The check that warns before a run reads `loses`, what the function itself takes
    from every image (what the written format cannot hold is known from `encoding`), `expects`, what an image
    must have for the tool to be of use, and `resamples`: the `output_size` comes from making the picture
    itself larger or smaller, not from more canvas.
    """

    id: str
    section: str
    title: str
    summary: str
    category: Category
    icon: str
    settings_model: type[S]
    kind: Literal["image", "file"]
    function: Callable[..., Any]
    encoding: Callable[[S, SourceImage], Encoding] = same_as_input
    draft_size: Callable[[S, SourceImage], Size | None] | None = None
    output_size: Callable[[S, SourceImage], Size] | None = None
    keywords: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    loses: tuple[Trait, ...] = ()
    expects: tuple[Trait, ...] = ()
    resamples: bool = False
    one_to_one: bool = False
    reads: tuple[str, ...] = ()
    heavy: bool = False

    @property
    def path(self) -> str:
        """The tool's place in URLs: `image/resize`."""
        return f"{self.section}/{self.id}"

    @property
    def can_be_step(self) -> bool:
        """Whether it makes one file from one."""
        return self.kind == "image" or self.one_to_one


def _place(function: Callable[..., Any]) -> tuple[str, str]:
    section, module = function.__module__.split(".")[-2:]
    return section, module.replace("_", "-")


def _settings_model(function: Callable[..., Any]) -> type[ToolSettings]:
    """The annotation of the parameter named `settings`."""
    from typing import get_type_hints

    model: type[ToolSettings] = get_type_hints(function)["settings"]
    if not issubclass(model, ToolSettings):
        raise TypeError(f"{function.__module__}: settings must be a ToolSettings, not {model!r}")
    return model


def image_tool(
    *, title: str, summary: str, category: Category, icon: str, **options: Any
) -> Callable[[ImageFunction[S]], Tool[S]]:
    """Declare `function(image, settings, progress) -> image`.

    The engine decodes (orientation baked in, modes RGB, RGBA, L or LA), checks limits, calls the function
    once per frame, encodes and keeps or strips metadata. `options` are fields of `Tool`.
    """
    return _declare("image", title=title, summary=summary, category=category, icon=icon, **options)


def file_tool(
    *, title: str, summary: str, category: Category, icon: str, **options: Any
) -> Callable[[FileFunction[S]], Tool[S]]:
    """Declare `function(inputs, output_dir, settings, progress) -> Result` for what is not image in, image
    out."""
    return _declare("file", title=title, summary=summary, category=category, icon=icon, **options)


def _declare(kind: Literal["image", "file"], **options: Any) -> Callable[[Callable[..., Any]], Tool[Any]]:
    def decorate(function: Callable[..., Any]) -> Tool[Any]:
        section, tool_id = _place(function)
        return Tool(
            id=tool_id,
            section=section,
            settings_model=_settings_model(function),
            kind=kind,
            function=function,
            **options,
        )

    return decorate
