"""Turn and mirror."""

from __future__ import annotations

import math

from PIL import Image as Pillow

from processing.tooling import Field, Image, Progress, Size, SourceImage, ToolSettings, image_tool

_ROUNDING = 1e-9


class RotateSettings(ToolSettings):
    angle: float = Field(
        0,
        title="Angle",
        description="Clockwise; negative turns the other way. Between quarter turns the canvas grows to hold "
        "the corners.",
        json_schema_extra={"x-widget": "range", "x-unit": "°", "x-step": 1, "x-range": [-180, 180]},
    )
    horizontal: bool = Field(
        False,
        title="Mirror left and right",
        description="Applied after turning.",
        json_schema_extra={"x-widget": "checkbox"},
    )
    vertical: bool = Field(
        False,
        title="Mirror top and bottom",
        description="Applied after turning.",
        json_schema_extra={"x-widget": "checkbox"},
    )


def _output_size(settings: RotateSettings, source: SourceImage) -> Size:
    width, height = source.width, source.height
    degrees = math.fmod(settings.angle, 180)
    if abs(degrees) == 90:
        return height, width
    turn = math.radians(degrees)
    cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
    return _span(width, width * cosine + height * sine), _span(height, width * sine + height * cosine)


def _span(side: int, turned: float) -> int:
    """How many whole pixels hold what is `turned` wide around the middle of a side, which Pillow keeps."""
    before, after = (side - turned) / 2, (side + turned) / 2
    return math.ceil(after - _ROUNDING) - math.floor(before + _ROUNDING)


@image_tool(
    title="Rotate & Flip",
    summary="Turn by any angle, straighten a horizon, mirror.",
    category="essentials",
    icon="rotate-cw",
    keywords=("turn", "flip", "mirror", "straighten", "orientation", "upside down"),
    output_size=_output_size,
)
def rotate(image: Image, settings: RotateSettings, progress: Progress) -> Image:
    # Pillow counts anticlockwise and does quarter turns without resampling.
    turned = image.rotate(-math.fmod(settings.angle, 360), Pillow.Resampling.BICUBIC, expand=True)
    if settings.horizontal:
        turned = turned.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)
    if settings.vertical:
        turned = turned.transpose(Pillow.Transpose.FLIP_TOP_BOTTOM)
    return turned
