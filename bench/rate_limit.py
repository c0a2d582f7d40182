"""What counting a request costs: `python bench/rate_limit.py`. In memory, without a database."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from accounts.rate_limits import RateCounter

ROUNDS = 200_000


def microseconds(keys: Sequence[str], limit: int) -> float:
    counter = RateCounter()
    started = time.perf_counter()
    for key in keys:
        counter.count(key, limit)
    return (time.perf_counter() - started) / ROUNDS * 1e6


def report(name: str, cost: float) -> None:
    print(f"{name:44} {cost:6.2f} µs a request")


def main() -> None:
    plenty, none_left = ROUNDS * 60, 0
    with patch.object(RateCounter, "_ask", lambda self, statement, *parameters: parameters[-1]):
        one = ["address 192.0.2.7"] * ROUNDS
        report("admitted, one address", microseconds(one, plenty))
        report("refused, one address", microseconds(one, none_left))
        many = [f"address {number}" for number in range(ROUNDS)]
        report("admitted, each from another address", microseconds(many, plenty))


if __name__ == "__main__":
    main()
