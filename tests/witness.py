"""What became of every job, as the database and the disk tell it and not as the product says."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg.rows import namedtuple_row

from tests.jobs_client import ENDS
from tests.running import RunningServer

_TRIGGER: Final = """
    CREATE TABLE witness (id bigserial PRIMARY KEY, job uuid NOT NULL, status text NOT NULL);
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO witness (job, status) VALUES (NEW.id, NEW.status);
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER witness AFTER INSERT OR UPDATE OF status ON jobs
        FOR EACH ROW EXECUTE FUNCTION witness();
"""
_HISTORIES: Final = (
    "SELECT *, array(SELECT seen.status FROM witness seen WHERE job = jobs.id ORDER BY seen.id) AS history"
    " FROM jobs ORDER BY created_at"
)


class Witness:
    """Writes down each state that a job is given, by a trigger in the server's database."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        with server.connect() as database:
            database.execute(_TRIGGER)

    def jobs(self) -> list[Any]:
        """The rows, each with `history`."""
        with self._server.connect() as database:
            return database.cursor(row_factory=namedtuple_row).execute(_HISTORIES).fetchall()

    def have_ended(self) -> bool:
        return all(job.status in ENDS for job in self.jobs())

    def assert_each_ended_once(self, results: dict[str, str]) -> None:
        """Every job has one end, its last state, and its files are whole and all there are. `results` are the
        checksums of what undisturbed runs of each tool make."""
        jobs = self.jobs()
        for job in jobs:
            assert [state in ENDS for state in job.history] == [False] * (len(job.history) - 1) + [True], job
            assert job.history[-1] == job.status
            assert job.attempts <= job.history.count("processing") or job.type == "batch", job
            for path in self._outputs(job):
                assert checksum(path.read_bytes()) == results[job.type], path
        assert self._stored() == {path for job in jobs for path in (*self._inputs(job), *self._outputs(job))}
        self._assert_nothing_half_is_left()

    def _inputs(self, job: Any) -> list[Path]:
        return [self._workspace / key for key in job.input_files]

    def _outputs(self, job: Any) -> list[Path]:
        if job.type == "batch" or job.status != "completed":
            return []
        assert job.result["outputs"], job
        return [self._workspace / output["key"] for output in job.result["outputs"]]

    @property
    def _workspace(self) -> Path:
        return self._server.data_dir / "workspace"

    def _stored(self) -> set[Path]:
        directories = [path for path in self._workspace.iterdir() if _is_of_a_job(path)]
        return {path for directory in directories for path in directory.rglob("*") if path.is_file()}

    def _assert_nothing_half_is_left(self) -> None:
        """When the cleanup came by two days later."""
        passing = [self._workspace / "scratch", self._workspace / "uploads"]
        for path in [path for directory in passing for path in directory.rglob("*")]:
            os.utime(path, times=(time.time() - 2 * 86_400,) * 2)
        cleaned = self._server.manage("cleanup")
        assert cleaned.returncode == 0, cleaned.stderr
        assert [path for directory in passing for path in directory.rglob("*")] == []


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_of_a_job(path: Path) -> bool:
    try:
        return bool(UUID(path.name))
    except ValueError:
        return False
