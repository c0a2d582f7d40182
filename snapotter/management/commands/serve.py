"""`manage.py serve`: everything a running SnapOtter needs, in one command, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import gc
import logging
import signal
import socket
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from gunicorn.app.base import BaseApplication

from accounts.bootstrap import ensure_first_run
from audit.errors import LogBroken
from audit.retention import audit_prune
from audit.snapshot import log_head
from processing.lane import fast_lane
from processing.services import jobs_end_abandoned
from snapotter.common import listener
from snapotter.common.locks import advisory_lock

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Apply migrations, make the first administrator, and serve the site."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_used_port()
        prepare()
        self.stdout.write(
            f"SnapOtter {settings.VERSION} on http://{settings.HOST}:{settings.PORT} (Ctrl-C stops it)"
        )
        self.stdout.flush()
        WebServer().run()


def refuse_used_port() -> None:
    """Say it in one line, before a database is started for nothing; gunicorn would try for five seconds."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            raise CommandError(
                f"cannot listen on {settings.HOST}:{settings.PORT}: {error.strerror}; PORT and HOST change it"
            ) from None


def prepare() -> None:
    """Bring the database up to date, once even when several servers start together."""
    with advisory_lock("snapotter.start"):
        call_command("migrate", interactive=False, verbosity=0)
        ensure_first_run()
        jobs_end_abandoned()
    prune_audit_log()
    # Neither a connection nor the pool's threads survive the fork of the workers
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL backends have it


def prune_audit_log() -> None:
    """What is broken stays to be looked at, and is no reason to serve nobody.

    The head goes to the server's log, out of reach of whoever can write the database only.
    """
    try:
        audit_prune()
    except LogBroken as error:
        log.error("%s", error)
    log.info("the head of the audit log is %s", log_head())


class WebServer(BaseApplication):  # type: ignore[misc]
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
        "worker_class": "asgi",
        "workers": settings.WEB_WORKERS,
        "preload_app": True,
        "asgi_lifespan": "off",
        "asgi_loop": "asyncio",  # uvloop, if somebody installed it, loses a signal that comes before it runs
        "control_socket_disable": True,
        "graceful_timeout": 30,
        "timeout": 60,
        "keepalive": 75,
        "forwarded_allow_ips": "",  # whether a proxy is believed says TRUST_PROXY, and Django
        "worker_tmp_dir": None,
        "proc_name": "snapotter",
        "loglevel": {"fatal": "critical", "warn": "warning", "trace": "debug"}.get(
            settings.LOG_LEVEL, settings.LOG_LEVEL
        ),
        "post_fork": _stop_at_once_while_booting,
        "post_worker_init": _begin,
        "worker_exit": _end,
    }


def _stop_at_once_while_booting(server: Any, worker: Any) -> None:
    """Until a worker has handlers of its own it has the master's, which would swallow the signal to stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def _begin(worker: Any) -> None:
    fast_lane().warm()
    listener.start()


def _end(server: Any, worker: Any) -> None:
    listener.stop()
    fast_lane().close()
