"""Change the file format."""

from __future__ import annotations

from typing import Literal

from processing.tooling import (
    Encoding,
    Field,
    Image,
    Progress,
    Size,
    SourceImage,
    ToolSettings,
    WholeNumber,
    image_tool,
)

Word = Literal["jpg", "png", "webp", "avif", "tiff", "gif", "heic", "heif", "bmp", "ico"]

_LOSSY = ("jpg", "webp", "avif", "heic", "heif")

_SVG_SCALE = 300 / 96
"""An SVG's pixel is 1/96 inch; print wants 300 to the inch."""


class ConvertSettings(ToolSettings):
    format: Word = Field(
        title="Format",
        description="JPEG for photos, PNG for graphics and transparency, WebP or AVIF for small files.",
        json_schema_extra={
            "x-widget": "select",
            "x-labels": {
                "jpg": "JPEG",
                "png": "PNG",
                "webp": "WebP",
                "avif": "AVIF",
                "tiff": "TIFF",
                "gif": "GIF",
                "heic": "HEIC",
                "heif": "HEIF",
                "bmp": "BMP",
                "ico": "ICO (icon)",
            },
        },
    )
    quality: WholeNumber | None = Field(
        None,
        ge=1,
        le=100,
        title="Quality",
        description="Lower makes smaller files. Leave empty for a good balance.",
        json_schema_extra={
            "x-widget": "range",
            "x-step": 1,
            "x-placeholder": "automatic",
            "x-show-when": {"format": list(_LOSSY)},
        },
    )


def _encoding(settings: ConvertSettings, source: SourceImage) -> Encoding:
    quality = settings.quality if settings.format in _LOSSY else None
    return Encoding(settings.format, quality, extension=settings.format, keep_stem=True)


def _draft_size(settings: ConvertSettings, source: SourceImage) -> Size | None:
    if source.format != "svg":
        return None
    return round(source.width * _SVG_SCALE), round(source.height * _SVG_SCALE)


def _output_size(settings: ConvertSettings, source: SourceImage) -> Size:
    return _draft_size(settings, source) or (source.width, source.height)


@image_tool(
    title="Convert",
    summary="Change the file format, animations included.",
    category="essentials",
    icon="file-type",
    keywords=(
        "format",
        "jpg",
        "jpeg",
        "png",
        "webp",
        "avif",
        "gif",
        "tiff",
        "heic",
        "bmp",
        "ico",
        "svg to png",
    ),
    encoding=_encoding,
    draft_size=_draft_size,
    output_size=_output_size,
)
def convert(image: Image, settings: ConvertSettings, progress: Progress) -> Image:
    return image
