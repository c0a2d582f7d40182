"""`manage.py audit_public_key`: the key to verify exports of the audit log with."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from audit.signing import public_key


class Command(BaseCommand):
    help = "Print the public key (Ed25519, Base64) that exports of the audit log are signed with."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(public_key())
