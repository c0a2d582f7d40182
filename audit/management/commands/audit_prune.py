"""`manage.py audit_prune`: remove audit entries that are older than the setting `auditRetentionDays`."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from audit.errors import LogBroken
from audit.retention import audit_prune, prunable


class Command(BaseCommand):
    help = "Remove audit entries older than auditRetentionDays; a signed checkpoint stands in for them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many would go")
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="KEY",
            help="trust this former key too, from before SECRET_KEY was changed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.stdout.write(f"{prunable()} entries would be removed.")
            return
        try:
            removed = audit_prune(former_keys=tuple(options["public_key"]))
        except LogBroken as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{removed} entries were removed.")
