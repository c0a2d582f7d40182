"""`manage.py cleanup`: remove what is not needed any more, as every worker does now and then."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from processing.cleanup import cleanup
from processing.leftovers import Removed


class Command(BaseCommand):
    help = "Remove files and rows past their time, and what crashes left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        found = cleanup(dry_run=options["dry_run"])
        if not found:
            raise CommandError("another cleanup is under way")
        self.stdout.write("Would be removed:" if options["dry_run"] else "Removed:")
        for removed in found:
            self.stdout.write(_line(removed))
        if any(removed.failed for removed in found):
            raise CommandError("some of it could not be removed; the reasons are in the log above")


def _line(removed: Removed) -> str:
    size = filesizeformat(removed.bytes).replace("\xa0", " ") if removed.bytes else ""
    failed = f"{removed.failed} failed" if removed.failed else ""
    return f"  {removed.what:<24}{removed.count:>9}  {size:>10}  {failed}".rstrip()
