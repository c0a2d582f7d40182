"""Ids as people and programs send them."""

from __future__ import annotations

from uuid import UUID


def parse_uuid(text: str) -> UUID | None:
    """None for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None
