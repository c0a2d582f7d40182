"""News of jobs for whoever waits: heard on the process's one listening connection, handed out here.

    with events.watch(topic_of_job(job.pk), handler=changed):
        ...  # `changed(change)` is called in the listener's thread

A handler must be quick, must not raise, and may be called after its watch has ended; asyncio code hands the
change on with `loop.call_soon_threadsafe`. It is called with None when news may have been missed, and then
reads the row. News is a hint: the row is the truth, and nothing is told of what happened before the watch.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from processing.models import FINISHED, Job
from snapotter.common import listener
from snapotter.common.database import release_connection

CHANNEL: Final = "jobs"
POLL_SECONDS: Final = 5.0
"""A pooler or a network in between may swallow news without closing the connection."""
DEAF_POLL_SECONDS: Final = 0.5
"""While nothing is heard."""


class Change(BaseModel):
    """A job as it is since a change: what migration 0002's trigger tells."""

    id: UUID
    client: str
    user: UUID | None
    parent: UUID | None
    status: str
    progress: float
    stage: str
    cancel: bool

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def topics(self) -> set[str]:
        """The job itself, its batch, and the name that its user gave it."""
        topics = {topic_of_job(self.id)}
        if self.parent:
            topics.add(topic_of_job(self.parent))
        if self.user:
            topics.add(topic_of_client_id(self.user, self.client))
        return topics


Handler = Callable[[Change | None], None]


def topic_of_job(job_id: UUID) -> str:
    """A job; for a batch its members too."""
    return f"job {job_id}"


def topic_of_client_id(user_id: UUID, client_job_id: str) -> str:
    return f"client {user_id} {client_job_id}"


class Hub:
    """Who waits for what in this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)

    @contextmanager
    def watch(self, *topics: str, handler: Handler) -> Iterator[None]:
        with self._lock:
            for topic in topics:
                self._handlers[topic].append(handler)
        try:
            yield
        finally:
            with self._lock:
                for topic in topics:
                    self._forget(topic, handler)

    def hear(self, payload: str | None) -> None:
        """What the listener calls."""
        with self._lock:
            if not self._handlers:
                return
        change = None if payload is None else Change.model_validate_json(payload)
        for handler in self._handlers_of(change):
            handler(change)

    def _handlers_of(self, change: Change | None) -> list[Handler]:
        with self._lock:
            topics = tuple(self._handlers) if change is None else change.topics & self._handlers.keys()
            return list(dict.fromkeys(handler for topic in topics for handler in self._handlers[topic]))

    def _forget(self, topic: str, handler: Handler) -> None:
        self._handlers[topic].remove(handler)
        if not self._handlers[topic]:
            del self._handlers[topic]


class End:
    """Waiting in a thread for a job to end. Watched before the job is inserted, nothing is missed."""

    def __init__(self, job_id: UUID) -> None:
        self._job_id = job_id
        self._news = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[End]:
        with watch(topic_of_job(self._job_id), handler=self._heard):
            yield self

    def wait(self, seconds: float) -> Job:
        """The job as it is when it has ended, or when so many seconds are over. No connection is held
        meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            release_connection()
            pause = POLL_SECONDS if listener.is_connected() else DEAF_POLL_SECONDS
            self._news.wait(max(0.0, min(pause, deadline - time.monotonic())))
            self._news.clear()
            job = Job.objects.get(pk=self._job_id)
            if job.is_finished or time.monotonic() >= deadline:
                return job

    def _heard(self, change: Change | None) -> None:
        if change is None or change.is_finished:
            self._news.set()


_hub = Hub()
watch = _hub.watch


def follow_jobs() -> None:
    """Called once, while the process starts."""
    listener.subscribe(CHANNEL, _hub.hear)
