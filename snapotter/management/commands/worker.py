"""`manage.py worker`: carry the queue, on this machine or another, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management import BaseCommand

from processing.worker import Worker


class Command(BaseCommand):
    help = "Run queued jobs. Needs the database and the workspace of the server that feeds them."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_carry_queue())


async def _carry_queue() -> None:
    worker = Worker()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    await worker.run()
