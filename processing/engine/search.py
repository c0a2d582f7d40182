"""The best quality whose file is not larger than asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from processing.tooling import ToolError

MAX_ENCODES = 8
CLOSE_ENOUGH = 0.97
"""Within 3 % below the target another encode buys nothing anybody sees."""


def most_encodes(ladder: Sequence[int | None]) -> int:
    """How many a search over `ladder` may take."""
    return min(MAX_ENCODES, len(ladder).bit_length())


def smallest_fitting(write: Callable[[int | None], bytes], ladder: Sequence[int | None], limit: int) -> bytes:
    """Binary search over `ladder` (best quality first). Raises ToolError("TARGET_UNREACHABLE")."""
    best: bytes | None = None
    least = 0
    low, high = 0, len(ladder) - 1
    for _ in range(MAX_ENCODES):
        if low > high:
            break
        middle = (low + high) // 2
        data = write(ladder[middle])
        least = min(least or len(data), len(data))
        if len(data) > limit:
            low = middle + 1
            continue
        best, high = data, middle - 1
        if len(data) >= limit * CLOSE_ENOUGH:
            break
    if best is None:
        raise ToolError(
            "TARGET_UNREACHABLE",
            f"{_kilobytes(limit)} cannot be reached; the smallest possible file is {_kilobytes(least)}.",
            path="targetSizeKb",
        )
    return best


def _kilobytes(size: int) -> str:
    return f"{size / 1024:.1f} KB"
