"""`manage.py audit_verify`: does every entry of the audit log follow from the one before?"""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError

from audit.chain import verify
from audit.selectors import chain_entries


class Command(BaseCommand):
    help = "Recompute the chain of the audit log; fails when an entry was changed, removed or moved."

    def handle(self, *args: Any, **options: Any) -> None:
        breaks = list(verify(chain_entries()))
        for found in breaks:
            self.stderr.write(f"entry {found.seq} {found.reason}")
        if breaks:
            raise CommandError(f"the audit log is broken in {len(breaks)} places")
        self.stdout.write("The audit log is whole.")
