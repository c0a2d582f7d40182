"""Settings as people read them in a list."""

from __future__ import annotations

from typing import Any

import pytest

from processing.adapters.words import settings_of, title_of
from processing.models import Job


@pytest.mark.parametrize(
    ("tool", "settings", "words"),
    [
        ("resize", {"width": 300, "height": None, "fit": "contain"}, "Width 300 px"),
        ("resize", {"width": 1, "height": 2, "fit": "cover"}, "Width 1 px · Height 2 px · Crop the edges"),
        ("resize", {"percentage": 50.0, "withoutEnlargement": True}, "Scale 50 % · Never enlarge"),
        ("compress", {"mode": "quality", "quality": 80}, ""),
        (
            "compress",
            {"mode": "targetSize", "quality": 30, "targetSizeKb": 200},
            "File size · Largest file size 200 KB",
        ),
        ("convert", {"format": "webp", "quality": None}, "WebP"),
        ("convert", {"format": "png", "quality": 50}, "PNG"),
        ("rotate", {"angle": 90, "horizontal": True}, "Angle 90 ° · Mirror left and right"),
        (
            "crop",
            {"left": 1, "top": 2, "width": 3, "height": 4, "unit": "percent"},
            "Left 1 · Top 2 · Width 3 · Height 4 · 1 more",
        ),
        ("teapot", {"spout": 3}, ""),
    ],
)
def test_only_what_differs_is_told(tool: str, settings: dict[str, Any], words: str) -> None:
    assert settings_of(Job(type=tool, tool_id=tool, settings=settings)) == words


def test_a_batch_is_told_by_what_it_does_to_each_file() -> None:
    one = Job(type="batch", settings={"toolId": "resize", "settings": {"width": 300}})
    assert (title_of(one), settings_of(one)) == ("Resize", "Width 300 px")
    several = Job(
        type="batch", settings={"steps": [{"toolId": "resize", "settings": {}}, {"toolId": "crop"}]}
    )
    assert (title_of(several), settings_of(several)) == ("Resize → Crop", "")
