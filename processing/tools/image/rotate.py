"""Turn and mirror."""

from __future__ import annotations

import math

from PIL import Image as Pillow

from processing.tooling import Field, Image, Progress, Size, SourceImage, ToolSettings, image_tool


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
    turn = math.radians(math.fmod(settings.angle, 180))
    cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
    return (
        math.ceil(source.width * cosine + source.height * sine - 1e-6),
        math.ceil(source.width * sine + source.height * cosine - 1e-6),
    )


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
