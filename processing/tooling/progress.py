"""How a tool tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    def __call__(self, fraction: float, stage: str = "") -> None:
        """`fraction` is 0..1 of the tool's own work; `stage` is a short phrase for people."""


def no_progress(fraction: float, stage: str = "") -> None:
    """For callers that have nobody to tell."""
