"""`manage.py audit_export`: the audit log as a file."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from audit.export import FORMATS, audit_export
from audit.selectors import FILTERS, entries, filters_of, moment_of


class Command(BaseCommand):
    help = "Write the audit log, oldest first: JSON Lines can be verified, CSV is for spreadsheets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=FORMATS, default="jsonl")
        parser.add_argument("--output", type=Path, metavar="FILE", help="a new file, not standard output")
        parser.add_argument("--action", help="only this action")
        parser.add_argument("--ip", help="only from this address")
        parser.add_argument("--from", type=_moment, metavar="TIME", help="ISO 8601, inclusive")
        parser.add_argument("--to", type=_moment, metavar="TIME", help="inclusive: a date is its whole day")

    def handle(self, *args: Any, **options: Any) -> None:
        query = {name: options[name] for name in FILTERS if options[name]}
        export = partial(
            audit_export, format=options["format"], rows=entries(query), filters=filters_of(query)
        )
        path = options["output"]
        try:
            if path is None:
                export(sys.stdout.buffer.write)
                return
            with path.open("xb") as file:
                count = export(file.write)
        except OSError as error:
            raise CommandError(f"{path or 'standard output'} cannot be written: {error.strerror}") from None
        self.stderr.write(f"{count} entries written to {path}")


def _moment(text: str) -> str:
    if moment_of(text) is None:
        raise argparse.ArgumentTypeError(f"{text} is no ISO 8601 date or time")
    return text
