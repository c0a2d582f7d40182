"""Directories that must exist before anything else works."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def ensure(variable: str, path: Path) -> Path:
    """Make `path`; raises ImproperlyConfigured naming the environment variable that decides where it is."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{variable}: {path} cannot be made: {error.strerror}") from None
    return path
