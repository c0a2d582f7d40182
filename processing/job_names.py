"""The name that a client may give its job, beside the id that we give it."""

from __future__ import annotations

from typing import Final

from snapotter.common.plain_text import has_control

MOST_CHARACTERS: Final = 128
_DOTS: Final = (".", "..")
_ENDINGS: Final = ("/cancel", "/progress", "/retry")
IN_WORDS: Final = (
    f"1 to {MOST_CHARACTERS} characters, none of them for control; not {' or '.join(_DOTS)}, which clients"
    f" resolve in addresses, and not ending in {', '.join(_ENDINGS)}, which addresses do"
)


def is_job_name(name: str) -> bool:
    """Whether a job can be called so: any text that an address can carry, slashes included."""
    if not 0 < len(name) <= MOST_CHARACTERS or has_control(name):
        return False
    return name not in _DOTS and not name.endswith(_ENDINGS)
