"""The main program of a pool's owner. Like `manage.py` and gunicorn it loads Django, at import."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django

from processing.engine.pool import ChildPool
from processing.tests import child_functions
from processing.tests.child_functions import make_request

pool = ChildPool(2, memory_bytes=2**30, function=child_functions.NAME)


def show(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def work_for_ever(mark: str) -> None:
    """One child is idle, one is in native code."""
    pool.warm()
    pool.submit(make_request("native", mark=mark))
    while not Path(mark).exists():
        time.sleep(0.005)
    show(server=pool._server.pid if pool._server else None, idle=[child.pid for child in pool._idle])
    time.sleep(60)


def look_around() -> None:
    data = pool.submit(make_request("surroundings")).wait(20).data
    show(child=data["value"], django=django.VERSION, path=sys.path, directory=str(Path.cwd()))
    pool.close()


def fork() -> None:
    """The fork uses the pool, and lives on when the owner is killed."""
    pool.warm()
    pids = [pool._server.pid if pool._server else 0, *(child.pid or 0 for child in pool._idle)]
    forked = os.fork()
    if forked == 0:
        answer = pool.submit(make_request("echo", value="from the fork")).wait(20)
        show(forked=os.getpid(), pids=pids, answer=answer.data)
    time.sleep(60)


def end_without_closing() -> None:
    pool.warm()
    pool.submit(make_request("native"))
    show(server=pool._server.pid if pool._server else None)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
