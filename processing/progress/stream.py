"""The body of a progress stream, on the event loop: no thread and no database connection for an open one.

News of a run that goes on carries enough for its frames. A row is read, in a thread, at the beginning, at the
end, and when news may have been missed; with each heartbeat is asked whether some was and nobody noticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from typing import Final

from django.conf import settings

from processing import events
from processing.progress.follower import Follower
from processing.progress.frames import HEARTBEAT, Frame, frame_of_change
from processing.progress.heartbeats import heartbeats, readers
from processing.progress.open_streams import open_streams
from snapotter.common.database import DATABASE_AWAY
from snapotter.common.errors import NotFound

BATCH_PAUSE_SECONDS: Final = 0.5
"""Before another look at a batch, whose every member brings news."""


class ProgressStream:
    """Events of a job, nothing while there is none.

    However slow the client is, only the newest of what it was not sent yet is kept. `close` must be called,
    from any thread, whether or not anybody iterated.

    Raises TooManyStreams when `whose` has so many already.
    """

    def __init__(self, follower: Follower, *, whose: str) -> None:
        self._follower = follower
        self._topics: set[str] = set()
        self._watches = ExitStack()
        self._news: events.Change | None = None
        self._must_read = True
        self._woken = asyncio.Event()
        self._has_ended = False
        open_streams.admit(self, whose=whose)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Ends after the last frame, when the job is gone, and when the user is not let in any more."""
        self._loop = asyncio.get_running_loop()
        self._watch()
        told: bytes | None = None
        beat_at = self._next_beat()
        while not self._has_ended:
            frame = await self._next_frame()
            event = frame.encoded() if frame else told or HEARTBEAT  # something at once: headers go with it
            if event != told:
                yield event
                told = event
            self._has_ended |= frame is not None and frame.is_last
            if not self._has_ended and await self._is_time_to_beat(beat_at):
                beat_at = self._next_beat()
                if await self._is_let_in():
                    yield HEARTBEAT

    def end(self) -> None:
        """No further event, and the iteration ends. In the loop's thread, or before it iterates."""
        self._has_ended = True
        self._woken.set()

    def close(self) -> None:
        self._watches.close()
        open_streams.discard(self)

    def _next_beat(self) -> float:
        return self._loop.time() + float(settings.PROGRESS_HEARTBEAT_S)

    async def _is_time_to_beat(self, beat_at: float) -> bool:
        """Wait until it is, or until there is news. However much there is, it beats."""
        if self._loop.time() >= beat_at:
            return True
        try:
            async with asyncio.timeout_at(beat_at):
                await self._woken.wait()
        except TimeoutError:
            return True
        return False

    async def _next_frame(self) -> Frame | None:
        """What is new; None when that is nothing."""
        self._woken.clear()
        change, self._news = self._news, None
        if self._must_read:
            return await self._read()
        return frame_of_change(change, self._follower.name) if change else None

    async def _read(self) -> Frame | None:
        if self._follower.is_batch:
            await asyncio.sleep(BATCH_PAUSE_SECONDS)
        self._must_read = False
        try:
            frame = await self._loop.run_in_executor(readers, self._follower.read)
        except NotFound:
            self.end()
            return None
        except DATABASE_AWAY:  # the listener logs it, and says when it is back
            self._must_read = True
            return None
        self._watch()
        return frame

    async def _is_let_in(self) -> bool:
        """If not, the iteration ends."""
        try:
            beat = await heartbeats().beat(self._follower)
        except DATABASE_AWAY:  # nothing can be told meanwhile either
            return True
        self._must_read |= beat.must_read
        if not beat.is_let_in:
            self.end()
        return beat.is_let_in

    def _watch(self) -> None:
        """Watch what is to be watched by now; news of it from before was missed."""
        new = self._follower.topics - self._topics
        if new:
            self._topics |= new
            self._watches.enter_context(events.watch(*new, handler=self._hear))
            self._note(None)

    def _hear(self, change: events.Change | None) -> None:
        """In the listener's thread."""
        with suppress(RuntimeError):  # the loop has ended, and the stream with it
            self._loop.call_soon_threadsafe(self._note, change)

    def _note(self, change: events.Change | None) -> None:
        if not self._follower.concerns(change):
            return
        if self._follower.must_read_after(change):
            self._must_read = True
        else:
            self._news = change
        self._woken.set()
