"""Runs that want too much, and what surrounds a run."""

from __future__ import annotations

import dataclasses
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from processing.engine.errors import ChildTimeout, OutOfMemory
from processing.engine.pool import ChildPool
from processing.engine.request import Limits
from processing.tests.child_functions import make_request
from processing.tests.pools import (
    MEMORY,
    kill_server,
    opened,
    run,
    value,
)
from snapotter.common.errors import StorageFull
from snapotter.tests.waiting import PATIENCE


def test_the_time_limit_ends_native_code(pool: ChildPool) -> None:
    with pytest.raises(ChildTimeout) as caught:
        run(pool, "native", Limits(timeout_seconds=0.1))
    assert caught.value.details == "stopped after 0.1 seconds"


def test_no_time_limit_is_none(pool: ChildPool) -> None:
    assert run(pool, "sleep", Limits(timeout_seconds=0), seconds=0.1)["value"] == 0.1


def test_waiting_in_the_queue_does_not_count_as_time(pool: ChildPool) -> None:
    requests = [make_request("sleep", seconds=0.3) for _ in range(6)]
    limited = [dataclasses.replace(request, limits=Limits(timeout_seconds=0.6)) for request in requests]
    runs = [pool.submit(request) for request in limited]
    assert [submitted.wait(PATIENCE).data["value"] for submitted in runs] == [0.3] * 6


memory_is_limited = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is not enforced")


@memory_is_limited
@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        ("allocate", {"megabytes": 1100}),
        ("allocate_picture", {"width": 20_000, "height": 20_000}),
        ("no_memory_for_a_file", {}),
    ],
)
def test_too_much_memory_is_refused(pool: ChildPool, tool: str, settings: dict[str, Any]) -> None:
    with pytest.raises(OutOfMemory) as caught:
        run(pool, tool, **settings)
    assert (caught.value.status, caught.value.code) == (422, "out_of_memory")


def test_a_full_disk_is_told_as_what_it_is(pool: ChildPool) -> None:
    with pytest.raises(StorageFull):
        run(pool, "no_room_for_a_file")


@memory_is_limited
def test_a_lower_memory_limit_is_for_one_run(pool: ChildPool) -> None:
    with pytest.raises(OutOfMemory):
        run(pool, "allocate", Limits(memory_bytes=MEMORY // 2), megabytes=500)
    for memory_bytes in (0, 2 * MEMORY, MEMORY):
        assert run(pool, "allocate", Limits(memory_bytes=memory_bytes), megabytes=500)["value"]


def test_children_are_private_and_dump_no_core(pool: ChildPool) -> None:
    found = value(pool, "surroundings")
    assert (found["umask"], tuple(found["core"])) == (0o077, (0, 0))


def test_children_can_be_nice() -> None:
    with opened(nice=3) as pool:
        assert value(pool, "surroundings")["nice"] == os.nice(0) + 3


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_children_hold_no_descriptor_of_the_owner(pool: ChildPool, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "lock").open("w") as lock:
        listener.set_inheritable(True)
        os.set_inheritable(lock.fileno(), True)
        kill_server(pool)  # the next one starts while these are open
        found = value(pool, "open_descriptors")
        ours = str(Path(f"/proc/self/fd/{listener.fileno()}").readlink())
    assert ours not in found
    assert str(tmp_path / "lock") not in found
    assert len([name for name in found if name.startswith("socket:")]) == 1
