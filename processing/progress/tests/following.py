"""Streams that are iterated in a loop of their own, as a server does, while the test goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from accounts.admission import Credential
from accounts.models import User
from conftest import session_of
from processing.progress.follower import Follower
from processing.progress.stream import ProgressStream
from processing.progress.tests.received import Received


class Following(Received):
    """A stream in a loop of its own."""

    def __init__(self, stream: ProgressStream) -> None:
        super().__init__()
        self.stream = stream

    def stop(self) -> None:
        if not self.has_ended:
            self.stream._loop.call_soon_threadsafe(self.stream.end)
        self._thread.join()

    def _read(self) -> None:
        asyncio.run(self._iterate())

    async def _iterate(self) -> None:
        try:
            async for event in self.stream:
                self._note(decoded(event))
        finally:
            self.stream.close()


def stream_of(user: User, name: object, credential: Credential) -> ProgressStream:
    return ProgressStream(Follower(user=user, credential=credential, name=str(name)), whose=str(user.pk))


@contextmanager
def following(user: User, name: object, *, credential: Credential | None = None) -> Iterator[Following]:
    credential = credential or Credential("session", session_id=session_of(user).id)
    followed = Following(stream_of(user, name, credential))
    followed.start()
    try:
        yield followed
    finally:
        followed.stop()
        connections.close_all()


def decoded(event: bytes) -> dict[str, Any]:
    """The frame of an event; it must be one line of data and nothing else."""
    name, _, value = event.decode().removesuffix("\n\n").partition(": ")
    assert (name, "\n" in value) == ("data", False)
    frame: dict[str, Any] = json.loads(value)
    return frame
