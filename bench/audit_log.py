"""What the audit log costs: `python bench/audit_log.py [ENTRIES]`, in a database of its own that goes away.

Prints how long 100,000 entries take to write in one statement, to verify, to export and to prune, each as the
command an operator types, start of the interpreter included, with the most memory that its process had (or
this one, if that had more); and what recording adds to a transaction.
"""

from __future__ import annotations

import atexit
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANAGE = str(ROOT / "manage.py")
FILL = """
    INSERT INTO audit_log
        (id, action, actor_username, created_at, target_type, target_id, details,
        ip_address, actor_id, request_id)
    SELECT
        gen_random_uuid(), 'LOGIN_SUCCESS', 'user ' || n %% 100,
        now() - interval '100 days' * (1 - n / %(entries)s::float), 'user', gen_random_uuid(),
        jsonb_build_object('userId', gen_random_uuid(), 'username', 'user ' || n %% 100),
        '192.0.2.1', gen_random_uuid(), gen_random_uuid()
    FROM generate_series(1, %(entries)s) AS n
"""


def row(name: str, value: str, memory: str = "") -> None:
    print(f"{name:<52}{value:>14}{memory:>14}", flush=True)


def command(name: str, *arguments: str) -> None:
    """Run a script to its end and print seconds and peak memory. Raises RuntimeError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise RuntimeError(f"{arguments} ended with {status}")
    row(name, f"{seconds:.1f} s", f"{usage.ru_maxrss / 1024:.0f} MiB")


def each(name: str, action: Callable[[], Any], times: int = 1000) -> None:
    costs = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        costs.append((time.perf_counter() - started) * 1000)
    costs.sort()
    row(name, f"{statistics.median(costs):.2f} ms", f"{costs[int(times * 0.95)]:.2f} ms")


def fill(entries: int) -> None:
    from django.db import connection

    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"entries": entries})
    row(f"write {entries} entries in one statement", f"{time.perf_counter() - started:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE audit_log")


def recording() -> None:
    """What an entry adds to a transaction that writes anyway, as a sign-in does with its session."""
    from django.db import connection, transaction

    from accounts.bootstrap import ensure_first_run
    from accounts.models import User
    from audit.services import record

    ensure_first_run()
    user = User.objects.get()
    details = {"userId": str(user.pk), "username": user.username}

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench VALUES (1)")

    def alone() -> None:
        with transaction.atomic():
            write()

    def recorded() -> None:
        with transaction.atomic():
            write()
            record("LOGIN_SUCCESS", actor=user, target_id=user.pk, details=details)

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench (number int)")
    print(f"{'':<52}{'p50':>14}{'p95':>14}")
    each("a transaction that writes a row", alone)
    each("the same, recorded", recorded)


def prune(days: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO settings (key, value) VALUES ('auditRetentionDays', %s)", [str(days)])
    command("audit_prune, nine tenths of the entries", MANAGE, "audit_prune")
    command("audit_verify, the rest", MANAGE, "audit_verify")


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)  # before Django is there: when the embedded server has stopped
    os.environ |= {"DATA_DIR": f"{folder}/data", "DJANGO_SETTINGS_MODULE": "snapotter.settings"}
    sys.path.insert(0, str(ROOT))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    fill(entries)
    print(f"{'':<52}{'':>14}{'memory':>14}")
    command("manage.py that does nothing", MANAGE, "audit_public_key")
    command("audit_verify", MANAGE, "audit_verify")
    log = f"{folder}/log.jsonl"
    command("audit_export, JSON Lines", MANAGE, "audit_export", "--output", log)
    row("its size", f"{Path(log).stat().st_size / 2**20:.0f} MiB")
    command("audit_export, CSV", MANAGE, "audit_export", "--format", "csv")
    command("chain.py, the JSON Lines", str(ROOT / "audit" / "chain.py"), log)
    recording()
    prune(10)


if __name__ == "__main__":
    main()
