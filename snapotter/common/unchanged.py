"""The default of an argument whose None means something of its own: leave the column as it is."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unchanged(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
