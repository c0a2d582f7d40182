"""`manage.py serve`: everything a running SnapOtter needs, in one command, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import logging
import resource
import socket
from typing import Any, Final

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from accounts.bootstrap import ensure_first_run
from audit.errors import LogBroken
from audit.retention import audit_prune
from audit.snapshot import log_head
from snapotter.common.locks import advisory_lock
from snapotter.management.processes import Server

log = logging.getLogger(__name__)

MOST_FILES: Final = 10_240
"""What every system we run on grants if it is asked."""


class Command(BaseCommand):
    help = "Apply migrations, make the first administrator, and serve the site."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_used_port()
        allow_many_files()
        prepare()
        self.stdout.write(
            f"SnapOtter {settings.VERSION} on http://{settings.HOST}:{settings.PORT} (Ctrl-C stops it)"
        )
        self.stdout.flush()
        Server().run()


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


def allow_many_files() -> None:
    """Every file of an upload and every open stream is one; where nobody asks, 1,024 are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def prepare() -> None:
    """Bring the database up to date, once even when several servers start together."""
    with advisory_lock("snapotter.start"):
        call_command("migrate", interactive=False, verbosity=0)
        ensure_first_run()
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
