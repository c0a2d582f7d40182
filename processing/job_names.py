"""The name that a client may give its job, beside the id that we give it."""

from __future__ import annotations

from typing import Final

MOST_CHARACTERS: Final = 128


def is_job_name(name: str) -> bool:
    return 0 < len(name) <= MOST_CHARACTERS and name.isprintable()
