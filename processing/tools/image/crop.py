"""Cut out a rectangle."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import ConfigDict

from processing.tooling import Field, Image, Progress, ToolError, ToolSettings, image_tool

_ASPECTS = [
    {"name": "Free", "ratio": None},
    {"name": "1:1", "ratio": [1, 1]},
    {"name": "4:3", "ratio": [4, 3]},
    {"name": "3:2", "ratio": [3, 2]},
    {"name": "16:9", "ratio": [16, 9]},
    {"name": "2:3", "ratio": [2, 3]},
    {"name": "4:5", "ratio": [4, 5]},
    {"name": "9:16", "ratio": [9, 16]},
]


class CropSettings(ToolSettings):
    model_config = ConfigDict(json_schema_extra={"x-editor": "crop", "x-aspects": _ASPECTS})  # type: ignore[dict-item]

    left: float = Field(
        ge=0,
        title="Left",
        description="Distance from the left edge.",
        json_schema_extra={"x-widget": "number", "x-step": 1},
    )
    top: float = Field(
        ge=0,
        title="Top",
        description="Distance from the top edge.",
        json_schema_extra={"x-widget": "number", "x-step": 1},
    )
    width: float = Field(gt=0, title="Width", json_schema_extra={"x-widget": "number", "x-step": 1})
    height: float = Field(gt=0, title="Height", json_schema_extra={"x-widget": "number", "x-step": 1})
    unit: Literal["px", "percent"] = Field(
        "px",
        title="Unit",
        description="Per cent cuts the same part out of images of any size.",
        json_schema_extra={
            "x-widget": "segmented",
            "x-labels": {"px": "Pixels", "percent": "Per cent"},
        },
    )


@image_tool(
    title="Crop",
    summary="Cut out a rectangle, freely or in a fixed proportion.",
    category="essentials",
    icon="crop",
    keywords=("cut", "trim", "aspect ratio", "square", "region", "selection"),
)
def crop(image: Image, settings: CropSettings, progress: Progress) -> Image:
    left, right = _span(settings.left, settings.width, settings.unit, image.width)
    top, bottom = _span(settings.top, settings.height, settings.unit, image.height)
    _check("left", "width", left, right, image.width)
    _check("top", "height", top, bottom, image.height)
    return image.crop((left, top, right, bottom))


def _span(start: float, length: float, unit: str, side: int) -> tuple[int, int]:
    """First pixel and first one after; of percentages the ends are rounded, so that two halves make a
    whole."""
    if unit == "percent":
        return _rounded(start / 100 * side), _rounded((start + length) / 100 * side)
    return _rounded(start), _rounded(start) + _rounded(length)


def _rounded(value: float) -> int:
    return math.floor(min(value, 1e9) + 0.5)


def _check(start_name: str, length_name: str, start: int, end: int, side: int) -> None:
    if start >= side:
        raise ToolError(
            "CROP_OUTSIDE_IMAGE",
            f"The crop area starts at {start_name} {start}, but the image ends at {side} pixels.",
            path=start_name,
        )
    if end > side:
        raise ToolError(
            "CROP_OUTSIDE_IMAGE",
            f"The crop area ends at {end} pixels ({start_name} + {length_name}), but the image at {side}.",
            path=length_name,
        )
    if end <= start:
        raise ToolError(
            "CROP_EMPTY", f"The crop area has no {length_name}: it rounds to 0.", path=length_name
        )
