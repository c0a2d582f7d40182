"""`manage.py doctor`: try what a working server needs, one line each; exit status 1 when something fails."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import BaseCommand, CommandError
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.timesince import timesince
from PIL import Image
from PIL import __version__ as pillow_version

from processing.engine.formats import FORMATS
from processing.engine.pool import ChildPool
from processing.engine.request import InputFile, RunRequest
from processing.limits import current_limits
from processing.queue_state import queue_state
from snapotter.common.errors import SnapOtterError


class Problem(Exception):
    """The probe found that this does not work."""


def probe_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        raise Problem(str(error).strip().splitlines()[0]) from None
    if pending:
        raise Problem(
            f"PostgreSQL {version}, but {len(pending)} migrations are not applied: run manage.py migrate"
        )
    kind = "embedded" if settings.DATABASES["default"]["ENGINE"] == "snapotter.postgres" else "server"
    return f"PostgreSQL {version} ({kind}), schema up to date"


def probe_storage() -> str:
    content = b"snapotter doctor"
    for alias in ("default", "workspace"):
        name = f"doctor-{uuid4()}"
        try:
            key = storages[alias].save(name, ContentFile(content))
            with storages[alias].open(key) as file:
                found = file.read()
            storages[alias].delete(key)
        except OSError as error:
            raise Problem(f"{alias} storage: {error}") from None
        if found != content:
            raise Problem(f"{alias} storage gives back something else than was written")
    free = shutil.disk_usage(settings.WORKSPACE_PATH).free
    return f"written, read and deleted in {settings.DATA_DIR}; {free / 2**30:.1f} GiB free"


def probe_codecs() -> str:
    from PIL import features

    missing = [name for name in ("jpg", "zlib", "webp", "avif", "libtiff") if not features.check(name)]
    if missing:
        raise Problem("Pillow was built without " + ", ".join(missing))
    import pi_heif
    import resvg_py

    heif, svg = pi_heif.libheif_version(), resvg_py.__resvg_version__
    readable = ", ".join(sorted(FORMATS))
    return f"{readable} (Pillow {pillow_version}, libheif {heif}, resvg {svg})"


def probe_worker() -> str:
    """A real run in a real child, under the limits that every run has."""
    limits = current_limits()
    pool = ChildPool(1, memory_bytes=limits.memory_bytes)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            source, output = Path(scratch, "doctor.png"), Path(scratch, "output")
            output.mkdir()
            Image.new("RGB", (64, 48), "teal").save(source)
            request = RunRequest(
                "image/resize",
                {"width": 32, "fit": "inside"},
                (InputFile(source, source.name),),
                output,
                limits,
            )
            made = pool.submit(request).wait(60).outputs[0]
    except (SnapOtterError, TimeoutError) as error:
        raise Problem(f"a child process could not resize a picture: {error}") from None
    finally:
        pool.close()
    return f"a child process made a {made.width}×{made.height} picture of a 64×48 one"


def probe_queue() -> str:
    """No worker is as it should be where no server runs, but not where jobs wait, or ours starts none."""
    try:
        state = queue_state()
    except Error as error:
        raise Problem(str(error).strip().splitlines()[0]) from None
    since = f", the oldest for {timesince(state.oldest)}" if state.oldest else ""
    found = f"workers: {state.workers}; jobs: {state.active} run, {state.pending} wait{since}"
    if state.is_abandoned or not (state.workers or settings.WORKERS):
        raise Problem(f"{found}. Nobody takes what is queued: start the server, or manage.py worker")
    return found


PROBES: dict[str, Callable[[], str]] = {
    "database": probe_database,
    "storage": probe_storage,
    "codecs": probe_codecs,
    "worker": probe_worker,
    "queue": probe_queue,
}


class Command(BaseCommand):
    help = "Probe database, storage, codecs, the child that works, and who carries the queue."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [name for name, probe in PROBES.items() if not self._passes(name, probe)]
        if failed:
            raise CommandError("not healthy: " + ", ".join(failed))

    def _passes(self, name: str, probe: Callable[[], str]) -> bool:
        try:
            self.stdout.write(self.style.SUCCESS(f"ok    {name:9}") + probe())
        except Problem as problem:
            self.stdout.write(self.style.ERROR(f"fail  {name:9}") + str(problem))
            return False
        return True
