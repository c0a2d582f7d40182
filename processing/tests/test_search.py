from __future__ import annotations

import pytest

from processing.engine.search import smallest_fitting
from processing.tooling import ToolError


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 555, 5000, 9999, 10_000, 20_000])
def test_search_finds_the_best_that_fits_in_few_encodes(limit: int) -> None:
    tried: list[int] = []

    def write(quality: int | None) -> bytes:
        assert quality is not None
        tried.append(quality)
        return b"x" * (100 * quality)

    ladder = tuple(range(100, 0, -1))
    if limit < 100:
        with pytest.raises(ToolError) as caught:
            smallest_fitting(write, ladder, limit)
        assert caught.value.code == "TARGET_UNREACHABLE"
        assert (
            caught.value.details
            == f"{limit / 1024:.1f} KB cannot be reached; the smallest possible file is 0.1 KB."
        )
    else:
        size = len(smallest_fitting(write, ladder, limit))
        assert limit * 0.97 - 100 < size <= limit or size == 10_000
    assert len(tried) <= 8
