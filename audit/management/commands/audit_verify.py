"""`manage.py audit_verify`: does each entry follow from the one before, up to the newest?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from audit.chain import Export, Head, Point, Unreadable, verify
from audit.signing import own_signatures
from audit.snapshot import snapshot


class Command(BaseCommand):
    help = "Recompute the chain of the audit log; fails when an entry was changed, removed or moved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", type=Point.parse, action="append", default=[], metavar="SEQ:HASH",
            help="an entry noted before, which must still be there",
        )  # fmt: skip
        parser.add_argument("--against", type=Path, metavar="FILE", help="an earlier export to compare with")
        parser.add_argument(
            "--public-key", action="append", default=[], metavar="KEY",
            help="trust this former key too, from before SECRET_KEY was changed",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        signatures = own_signatures(*options["public_key"])
        known = list(options["head"])
        if options["against"]:
            known.append(self._head_of(options["against"], options["public_key"]))
        with snapshot() as (head, entries):
            found = sum(self._tell(problem) for problem in verify(entries, head, signatures, known))
        if found:
            raise CommandError(f"the audit log is broken: {found} findings")
        self.stdout.write(f"The audit log is whole. Its head is {head}")

    def _head_of(self, path: Path, former_keys: list[str]) -> Head:
        """Of an export that is whole itself."""
        try:
            with path.open("rb") as file:
                export = Export(file, own_signatures(*former_keys))
                found = sum(self._tell(problem) for problem in export.breaks())
        except (OSError, Unreadable) as error:
            raise CommandError(f"{path} cannot be read: {error}") from None
        if found or export.head is None:
            raise CommandError(f"{path} is no good export: {found} findings")
        return export.head

    def _tell(self, problem: object) -> int:
        self.stderr.write(str(problem))
        return 1
