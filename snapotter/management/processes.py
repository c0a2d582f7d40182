"""The processes of `manage.py serve`: gunicorn keeps web processes and workers alive."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import Any

from django.conf import settings
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gasgi import ASGIWorker

from processing.lane import fast_lane
from processing.progress.open_streams import open_streams
from processing.worker import Worker
from snapotter.common import listener


class Server(BaseApplication):  # type: ignore[misc]
    def load_config(self) -> None:
        for name, value in configuration().items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from snapotter.asgi import application

        gc.collect()
        gc.freeze()  # what is loaded by now stays shared between the workers
        return application


def configuration() -> dict[str, Any]:
    return {
        "bind": f"[{settings.HOST}]:{settings.PORT}"
        if ":" in settings.HOST
        else f"{settings.HOST}:{settings.PORT}",
        "worker_class": "snapotter.management.processes.Process",
        "workers": settings.WEB_WORKERS + settings.WORKERS,
        "preload_app": True,
        "asgi_lifespan": "off",
        "asgi_loop": "asyncio",  # uvloop, if somebody installed it, loses a signal that comes before it runs
        "control_socket_disable": True,
        # Ten seconds after it is asked to stop, a container is killed. What gunicorn waits for is not only
        # answers, but also the idle connections of browsers
        "graceful_timeout": 9,
        "timeout": 60,
        "keepalive": 75,
        "forwarded_allow_ips": "",  # whether a proxy is believed says TRUST_PROXY, and Django
        "worker_tmp_dir": None,
        "proc_name": "snapotter",
        "loglevel": {"fatal": "critical", "warn": "warning", "trace": "debug"}.get(
            settings.LOG_LEVEL, settings.LOG_LEVEL
        ),
        "pre_fork": _choose_duty,
        "post_fork": _stop_at_once_while_booting,
        "post_worker_init": _begin,
        "worker_exit": _end,
    }


class Process(ASGIWorker):  # type: ignore[misc]
    """One process below the master: it answers requests, or carries the queue."""

    carries_queue = False

    def run(self) -> None:
        if not self.carries_queue:
            super().run()
            return
        for socket in self.sockets:
            socket.close()
        self.loop.run_until_complete(self._carry_queue())

    def handle_exit_signal(self) -> None:
        """Streams would go on until their jobs end, and a stop waits for every answer."""
        super().handle_exit_signal()
        open_streams.end()

    async def _carry_queue(self) -> None:
        worker = Worker()
        running = asyncio.create_task(worker.run())
        while self.alive and self.ppid == os.getppid() and not running.done():
            self.notify()
            await asyncio.wait([running], timeout=1)
        worker.stop()
        await running


def _choose_duty(master: Any, process: Process) -> None:
    """Those who live on carry the queue in the number that is wanted, or this one does.

    After a reload the oldest end, so only the youngest count.
    """
    wanted = settings.WEB_WORKERS + settings.WORKERS
    youngest = sorted(master.WORKERS.values(), key=lambda other: -other.age)[: wanted - 1]
    process.carries_queue = sum(other.carries_queue for other in youngest) < settings.WORKERS


def _stop_at_once_while_booting(master: Any, process: Process) -> None:
    """Until a worker has handlers of its own it has the master's, which would swallow the signal to stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def _begin(process: Process) -> None:
    if not process.carries_queue:
        fast_lane().warm()
        listener.start()


def _end(master: Any, process: Process) -> None:
    if not process.carries_queue:
        listener.stop()
        fast_lane().close()
