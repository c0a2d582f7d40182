"""What a stream is about, and who asked: read in threads, looked at by the event loop."""

from __future__ import annotations

from uuid import UUID

from accounts.admission import Credential
from accounts.models import User
from processing import events
from processing.models import Job, JobStatus
from processing.progress.frames import Frame, frame_of
from processing.selectors import job_followed, job_for
from snapotter.common.database import release_connection
from snapotter.common.errors import NotFound
from snapotter.common.ids import parse_uuid


class Follower:
    """Who follows the job that is called `name`. `job_id` is None while there is no such job."""

    def __init__(self, *, user: User, credential: Credential, name: str) -> None:
        self.name = name
        self.job_id: UUID | None = None
        self.is_batch = False
        self.user = user
        self.credential = credential

    @property
    def topics(self) -> set[str]:
        """Where news of the job will come, also when there is none yet."""
        topics = {events.topic_of_client_id(self.user.pk, self.name)}
        job_id = self.job_id or parse_uuid(self.name)
        return topics | {events.topic_of_job(job_id)} if job_id else topics

    def read(self) -> Frame | None:
        """How the job is; None while there is none.

        Raises NotFound when it is gone, or not for this user any more.
        """
        try:
            job = self._appeared() if self.job_id is None else job_for(user=self.user, job_id=self.job_id)
            if job is None:
                return None
            self.is_batch, self.job_id = job.is_batch, job.pk  # in this order: others look on
            return frame_of(job, self.name)
        finally:
            release_connection()

    def concerns(self, change: events.Change | None) -> bool:
        """Not: another job of the same name, and each step of a batch's member."""
        if change is None or self.job_id is None or change.id == self.job_id:
            return True
        goes_on = change.status == JobStatus.PROCESSING and change.progress > 0
        return change.parent == self.job_id and not goes_on

    def must_read_after(self, change: events.Change | None) -> bool:
        """Whether news is not enough to tell how the job is."""
        return change is None or self.job_id is None or self.is_batch or change.is_finished

    def _appeared(self) -> Job | None:
        try:
            return job_followed(user=self.user, name=self.name)
        except NotFound:  # somebody else's: it was not there when the stream began, and is not told of now
            return None
