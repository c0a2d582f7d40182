from pathlib import Path

from django.db import OperationalError


class EmbeddedPostgresError(OperationalError):
    """The embedded PostgreSQL server cannot be used: which directory, and why, on one line."""

    def __init__(self, home: Path, problem: str) -> None:
        self.home = home
        super().__init__(f"Embedded PostgreSQL in {home}: {' | '.join(problem.split(chr(10)))}")
