"""The limits that runs obey."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest

from accounts.caller import user_of
from accounts.rate_limits import admit
from processing.engine.request import Limits

BATCHES_PER_MINUTE: Final = 20
"""Of one user."""


def admit_batch(request: HttpRequest) -> None:
    """Count a batch that is begun on a page. Raises TooManyRequests."""
    admit(request, f"page batch user {user_of(request).pk}", BATCHES_PER_MINUTE)


def current_limits() -> Limits:
    """Of one run, from the settings."""
    return Limits(
        max_megapixels=settings.MAX_MEGAPIXELS,
        max_svg_bytes=int(settings.MAX_SVG_SIZE_MB * 2**20),
        timeout_seconds=settings.PROCESSING_TIMEOUT_S,
        memory_bytes=settings.PROCESSING_MEMORY_MB * 2**20,
    )
