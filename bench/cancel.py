"""How soon a canceled run is over: `python bench/cancel.py [times]` starts and stops a server of its own.

Prints the milliseconds from the request to cancel until the child that worked in the worker is gone. They
must stay below 500.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.running import RunningServer

SETTLED_SECONDS: Final = 0.5
"""Until the child that replaces a killed one does nothing, and the job's own is at work."""


def measured(server: RunningServer, client: httpx.Client, times: int) -> Iterator[float]:
    from tests.jobs_client import QUEUED, run_slow
    from tests.processes import busy_child, lives

    for number in range(times):
        name = f"unwanted-{number}"
        run_slow(client, name, **QUEUED).raise_for_status()
        time.sleep(SETTLED_SECONDS)
        child = busy_child(server)
        started = time.perf_counter()
        client.post(f"/api/v1/jobs/{name}/cancel").raise_for_status()
        while lives(child):
            time.sleep(0.001)
        yield (time.perf_counter() - started) * 1000


def main() -> None:
    import django

    os.environ |= {"DJANGO_SETTINGS_MODULE": "snapotter.settings", "LOG_LEVEL": "warn"}
    django.setup()
    from tests.jobs_client import client_of, server_in

    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory(prefix="snapotter-bench-") as directory:
        server = server_in(Path(directory) / "data", JOB_LEASE_S="60", LOG_LEVEL="warn")
        server.start()
        try:
            with client_of(server) as client:
                took = sorted(measured(server, client, times))
                p50, most = statistics.median(took), took[-1]
                print(f"from the request until the child is gone: p50 {p50:.0f} ms, most {most:.0f} ms")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
