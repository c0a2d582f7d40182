"""What child processes cost: `python -m bench.child_pool`. Figures in docs/decisions/child-processes.md."""

from __future__ import annotations

import importlib.util
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from processing.engine import child as child_module
from processing.engine.errors import Canceled
from processing.engine.pool import EXECUTE, ChildPool
from processing.tests import child_functions
from processing.tests.child_functions import make_request
from processing.tests.processes import wait_until_gone

MEMORY = 2 * 2**30
HAS_EXECUTE = importlib.util.find_spec("processing.engine.execute") is not None


def row(name: str, value: str) -> None:
    print(f"{name:<58} {value:>24}")


@contextmanager
def opened(size: int = 2, function: str = child_functions.NAME) -> Iterator[ChildPool]:
    pool = ChildPool(size, memory_bytes=MEMORY, function=function)
    try:
        yield pool
    finally:
        pool.close()


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def spread(times: list[float]) -> str:
    times = sorted(times)
    return f"{statistics.median(times):8.2f} {times[int(len(times) * 0.95)]:8.2f} ms"


def no_op(pool: ChildPool) -> None:
    pool.submit(make_request("echo")).wait(60)


def first_start() -> None:
    with opened() as pool:
        row(
            "first run in a new pool, interpreter and Pillow included",
            f"{milliseconds(lambda: no_op(pool)):.0f} ms",
        )


def round_trips() -> None:
    with opened() as pool:
        pool.warm()
        row(
            "warm no-op round trip, p50 p95", spread([milliseconds(lambda: no_op(pool)) for _ in range(1000)])
        )


def retiring() -> None:
    with opened() as pool:
        no_op(pool)
        runs, child_module._RUNS = child_module._RUNS, 1
        row(
            "the same with a new child for each, p50 p95",
            spread([milliseconds(lambda: no_op(pool)) for _ in range(200)]),
        )
        child_module._RUNS = runs


def replacement() -> None:
    with opened(1) as pool:

        def kill_and_run() -> float:
            pool.warm()
            os.kill(pool._idle[0].pid or 0, signal.SIGKILL)
            return milliseconds(lambda: no_op(pool))

        row("run after SIGKILL of the idle child, p50 p95", spread([kill_and_run() for _ in range(50)]))


def server_replacement() -> None:
    with opened(1) as pool:

        def kill_and_run() -> float:
            pool.warm()
            pids = [pool._server.pid if pool._server else 0, *(child.pid or 0 for child in pool._idle)]
            os.kill(pids[0], signal.SIGKILL)
            wait_until_gone(pids)
            return milliseconds(lambda: no_op(pool))

        row("run after SIGKILL of the fork server, p50 p95", spread([kill_and_run() for _ in range(10)]))


def cancel_native() -> None:
    with opened(1) as pool, tempfile.TemporaryDirectory() as directory:

        def cancel(number: int) -> float:
            mark = Path(directory, str(number))
            run = pool.submit(make_request("native", mark=str(mark)))
            while not mark.exists():
                time.sleep(0.001)

            def until_gone() -> None:
                run.cancel()
                try:
                    run.wait(60)
                except Canceled:
                    return

            return milliseconds(until_gone)

        row("cancel of native code until it is gone, p50 p95", spread([cancel(n) for n in range(50)]))


def throughput() -> None:
    with opened() as pool, ThreadPoolExecutor(2) as threads:
        pool.warm()

        def two_hundred(_: int) -> None:
            for _ in range(200):
                no_op(pool)

        elapsed = milliseconds(lambda: list(threads.map(two_hundred, range(2))))
        row("2 threads x 200 no-op runs", f"{400_000 / elapsed:.0f} runs/s")


def memory(name: str, function: str) -> None:
    with opened(2, function) as pool:
        pool.warm()
        time.sleep(0.3)
        server = pool._server.pid if pool._server else 0
        row(f"memory with {name}: fork server", sizes(server))
        for child in pool._idle:
            row(f"memory with {name}: a child", sizes(child.pid or 0))


def sizes(pid: int) -> str:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    pss = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return f"PSS {pss / 1024:.1f}, AS {pages * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f} MB"


def main() -> None:
    for measure in (
        first_start,
        round_trips,
        retiring,
        replacement,
        server_replacement,
        cancel_native,
        throughput,
    ):
        measure()
    if sys.platform == "linux":
        memory("Pillow", child_functions.NAME)
        if HAS_EXECUTE:
            memory("all of execute", EXECUTE)


if __name__ == "__main__":
    main()
