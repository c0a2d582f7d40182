"""Make the file smaller."""

from __future__ import annotations

from typing import Literal

from processing.tooling import (
    Encoding,
    Field,
    Image,
    Progress,
    SourceImage,
    ToolSettings,
    WholeNumber,
    image_tool,
)

DEFAULT_QUALITY = 80


class CompressSettings(ToolSettings):
    mode: Literal["quality", "targetSize"] = Field(
        "quality",
        title="Compress by",
        json_schema_extra={
            "x-widget": "segmented",
            "x-labels": {"quality": "Quality", "targetSize": "File size"},
        },
    )
    quality: WholeNumber = Field(
        DEFAULT_QUALITY,
        ge=1,
        le=100,
        title="Quality",
        description="80 is hard to tell from the original. PNG and GIF get fewer colours.",
        json_schema_extra={"x-widget": "range", "x-step": 1, "x-show-when": {"mode": ["quality"]}},
    )
    target_size_kb: float | None = Field(
        None,
        gt=0,
        title="Largest file size",
        description="The best quality that is not larger than this. 1 KB is 1024 bytes.",
        json_schema_extra={
            "x-widget": "number",
            "x-unit": "KB",
            "x-step": 1,
            "x-placeholder": "200",
            "x-show-when": {"mode": ["targetSize"]},
        },
    )


def _encoding(settings: CompressSettings, source: SourceImage) -> Encoding:
    if settings.mode == "quality":
        return Encoding(quality=settings.quality)
    if settings.target_size_kb is None:
        return Encoding(quality=DEFAULT_QUALITY)
    return Encoding(max_bytes=max(1, int(min(settings.target_size_kb, 1e9) * 1024)))


@image_tool(
    title="Compress",
    summary="Make the file smaller by quality or to a size limit.",
    category="essentials",
    icon="file-archive",
    keywords=("smaller", "reduce", "file size", "optimise", "quality", "kilobytes", "email", "upload limit"),
    encoding=_encoding,
    output_size=lambda settings, source: (source.width, source.height),
)
def compress(image: Image, settings: CompressSettings, progress: Progress) -> Image:
    return image
