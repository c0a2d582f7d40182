"""Waiting for what another thread or process will do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 240.0
"""Seconds after which something is taken never to happen, on however slow a machine."""


def eventually(is_so: Callable[[], object], what: str) -> None:
    """Until it is so; the test fails when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)
