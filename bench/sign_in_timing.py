"""Does the time of a refused sign-in tell whether the name exists? `python bench/sign_in_timing.py [PAIRS]`

Starts and stops a server of its own, without throttling. Signs in with a wrong password under a name that
exists and one that does not, in pairs whose order is drawn, on one connection. As a control it does the same
with two names that do not exist: what differs there is noise.

Prints for each the medians, the spread and the median difference within a pair with its 95 % confidence
interval (bootstrap over the pairs). A difference shows if its interval does not contain zero; an attacker
needs many times more attempts than are made here, of which the throttle grants 120 an hour.
"""

from __future__ import annotations

import http.client
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.running import RunningServer

PASSWORD = "Bench-mark-1"  # noqa: S105
PAIRS = 150
WARM_UP = 10
RESAMPLES = 10_000
KNOWN, UNKNOWN, ALSO_UNKNOWN = "alice.known", "nobody.here", "nobody.else"  # as long as each other


class Door:
    """The sign-in, through the API or the page, on one keep-alive connection."""

    def __init__(self, server: RunningServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def refused(self, username: str) -> float:
        """Seconds until the answer; raises RuntimeError unless it is the refusal."""
        body = json.dumps({"username": username, "password": "Wrong-pass-1"})
        started = time.perf_counter()
        status, content = self.post("/api/auth/login", body)
        taken = time.perf_counter() - started
        if status != 401:
            raise RuntimeError(f"{status}: {content.decode()}")
        return taken

    def post(self, path: str, body: str, token: str = "") -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def register(door: Door, username: str) -> None:
    credentials = json.dumps({"username": "admin", "password": PASSWORD})
    token = json.loads(door.post("/api/auth/login", credentials)[1])["token"]
    status, content = door.post(
        "/api/auth/register", json.dumps({"username": username, "password": PASSWORD}), token
    )
    if status != 201:
        raise RuntimeError(f"{status}: {content.decode()}")


def measure(door: Door, first: str, second: str, pairs: int) -> np.ndarray:
    """One row of two times in ms for each pair."""
    rows = []
    for _ in range(WARM_UP + pairs):
        order = random.sample([first, second], 2)
        taken = {name: door.refused(name) * 1000 for name in order}
        rows.append([taken[first], taken[second]])
    return np.array(rows[WARM_UP:])


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Of the median, with 95 % confidence."""
    drawn = np.random.default_rng(7).choice(differences, (RESAMPLES, len(differences)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)


def report(title: str, times: np.ndarray) -> None:
    low, high = interval(times[:, 0] - times[:, 1])
    difference = statistics.median(times[:, 0] - times[:, 1])
    print(f"{title}: {len(times)} pairs")
    for column, label in enumerate(title.split(" and ")):
        quarter, median, three_quarters = np.percentile(times[:, column], [25, 50, 75])
        print(
            f"  {label:<14} median {median:7.2f} ms   half within {quarter:7.2f} … {three_quarters:7.2f} ms"
        )
    verdict = "none to be seen" if low <= 0 <= high else "IT SHOWS"
    print(f"  difference     median {difference:+7.3f} ms   95 % {low:+7.3f} … {high:+7.3f} ms   {verdict}")


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    with tempfile.TemporaryDirectory(prefix="snapotter-bench-") as directory:
        server = RunningServer(
            Path(directory) / "data",
            DEFAULT_PASSWORD=PASSWORD,
            SKIP_MUST_CHANGE_PASSWORD="true",  # noqa: S106
            LOGIN_ATTEMPT_LIMIT="0",
            LOGIN_THROTTLE_MAX_FAILURES="0",
            RATE_LIMIT_PER_MIN="0",
            WEB_WORKERS="1",
        )
        server.start()
        try:
            door = Door(server)
            register(door, KNOWN)
            report("known and unknown", measure(door, KNOWN, UNKNOWN, pairs))
            report("unknown and also unknown", measure(door, UNKNOWN, ALSO_UNKNOWN, pairs))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
