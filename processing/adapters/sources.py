"""A file of an earlier run that a tool's page begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import User
from processing.adapters.outcome import Outcome
from processing.models import Job
from processing.selectors import visible_jobs
from processing.signing import download_url
from snapotter.common.ids import parse_uuid


@dataclass(frozen=True)
class Source:
    job: Job
    name: str
    is_input: bool

    @property
    def url(self) -> str:
        return download_url(self.job.pk, self.name, of_input=self.is_input)


def source_of(query: Mapping[str, str], *, user: User) -> Source | None:
    """`from` is a job whose result to go on with, `job` one whose original to take again; None when it is
    gone."""
    goes_on = "from" in query
    earlier = earlier_job(query.get("from" if goes_on else "job", ""), user=user)
    if earlier is None:
        return None
    return result_of(earlier, user=user) if goes_on else original_of(earlier)


def result_of(job: Job, *, user: User) -> Source | None:
    outcome = Outcome(job, user=user)
    result = outcome.main if outcome.can_go_on else None
    return Source(job, result.name, is_input=False) if result else None


def original_of(job: Job) -> Source | None:
    """Whatever became of the job. A batch has many, and what was refused when it was sent was not kept."""
    if job.is_batch or not job.bytes_in or not job.input_files or job.is_expired:
        return None
    return Source(job, job.input_name, is_input=True)


def earlier_job(text: str, *, user: User) -> Job | None:
    """The job of that id, if there is one for `user`."""
    job_id = parse_uuid(text)
    return visible_jobs(user=user).filter(pk=job_id).first() if job_id else None
