"""What open streams of progress cost: `python bench/streams.py [streams]`, on a server of its own.

Prints requests per second of a 600×400 resize at 8 clients, what one costs, and the memory of all processes:
by turns without streams and with so many (1,000) open ones, which wait for jobs that are not there.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from through_http import PASSWORD, SECONDS, body, idle_memory, photo, post_json, running_server, throughput

from tests.running import RunningServer
from tests.streams import open_socket

ROUNDS = 4
USERS = 20
"""Each may open 300 streams a minute, and have 100 open in a process."""
SETTLING_SECONDS = 5.0


def sign_in(server: RunningServer, username: str) -> str:
    return post_json(server, "/api/auth/login", {"username": username, "password": PASSWORD})["token"]


def sessions(server: RunningServer, admin: str) -> list[str]:
    names = [f"user{number}" for number in range(USERS)]
    for name in names:
        user = {"username": name, "password": PASSWORD, "role": "user"}
        post_json(server, "/api/auth/register", user, admin)
    return [sign_in(server, name) for name in names]


@contextmanager
def open_streams(server: RunningServer, tokens: list[str], count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for number, token in enumerate(islice(cycle(tokens), count)):
            stack.enter_context(open_socket(server, token, f"job-{number}"))
        time.sleep(SETTLING_SECONDS)
        yield


@dataclass
class Load:
    """What the requests of several rounds cost. Time of the processor tells more than the rate while others
    use the machine too."""

    rates: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)

    def add(self, server: RunningServer, credential: str, payload: bytes) -> None:
        self.memory = self.memory or idle_memory(server)  # of the first round: later ones find a grown heap
        before = processor_seconds(server)
        rate = throughput(server, credential, payload)
        self.rates.append(rate)
        self.milliseconds.append((processor_seconds(server) - before) * 1000 / (rate * SECONDS))

    @property
    def rate(self) -> float:
        return statistics.mean(self.rates)

    def report(self, name: str) -> None:
        rates = ", ".join(f"{rate:.0f}" for rate in self.rates)
        parts = ", ".join(f"{kind} {size:.0f}" for kind, size in self.memory.items())
        print(f"{name:16} {self.rate:8.1f} requests/s   ({rates})")
        print(f"{'':16} {statistics.median(self.milliseconds):8.1f} ms of processor a request")
        print(f"{'':16} {sum(self.memory.values()):8.0f} MB PSS   ({parts})")


def processor_seconds(server: RunningServer) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in server.descendants())


def measure(server: RunningServer, count: int) -> None:
    admin = sign_in(server, "admin")
    tokens = sessions(server, admin)
    payload = body(photo(600, 400), {"width": 300})
    throughput(server, admin, payload)  # children, caches and the database are warm
    alone, together = Load(), Load()
    for _ in range(ROUNDS):
        time.sleep(SETTLING_SECONDS)
        alone.add(server, admin, payload)
        with open_streams(server, tokens, count):
            together.add(server, admin, payload)
    alone.report("no streams")
    together.report(f"{count} streams")
    more = (sum(together.memory.values()) - sum(alone.memory.values())) * 1024 / count
    print(f"{together.rate / alone.rate:.1%} of the rate, {more:.0f} KB a stream")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with running_server(RATE_LIMIT_PER_MIN="10000000", LOGIN_ATTEMPT_LIMIT="0") as server:
        measure(server, count)


if __name__ == "__main__":
    main()
