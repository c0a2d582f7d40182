"""The limits a run obeys, from the settings."""

from __future__ import annotations

from django.conf import settings

from processing.engine.request import Limits


def current_limits() -> Limits:
    return Limits(
        max_megapixels=settings.MAX_MEGAPIXELS,
        max_svg_bytes=int(settings.MAX_SVG_SIZE_MB * 2**20),
        timeout_seconds=settings.PROCESSING_TIMEOUT_S,
        memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20,
    )
