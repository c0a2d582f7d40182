"""The streams of this process: how many one user has, and that they end when the process does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

from django.conf import settings

from snapotter.common.errors import TooManyRequests


class TooManyStreams(TooManyRequests):
    """Too many streams of progress are open."""

    code = "TOO_MANY_STREAMS"


class Stream(Protocol):
    def end(self) -> None: ...

    def close(self) -> None: ...


class OpenStreams:
    """Clients of a stream that ended connect again, and find the next process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[Stream, str] = {}
        self._has_ended = False

    def admit(self, stream: Stream, *, whose: str) -> None:
        """Count it until it is discarded. Raises TooManyStreams.

        Refused and not let in for the oldest, whose client would connect again and end the next.
        """
        with self._lock:
            self._require_room(whose)
            self._streams[stream] = whose
            if self._has_ended:
                stream.end()

    def _require_room(self, whose: str) -> None:
        most = settings.MAX_STREAMS_PER_USER
        if most and list(self._streams.values()).count(whose) >= most:
            raise TooManyStreams(
                f"You have {most} streams of progress open already; close some of them, or ask for"
                " GET /api/v1/jobs/<id> now and then",
                limit=most,
            )

    def discard(self, stream: Stream) -> None:
        with self._lock:
            self._streams.pop(stream, None)

    def end(self) -> None:
        """In the loop's thread, once: every stream ends now, and later ones as they begin."""
        with self._lock:
            self._has_ended = True
        for stream in self:
            stream.end()

    def __iter__(self) -> Iterator[Stream]:
        with self._lock:
            return iter(tuple(self._streams))

    def __len__(self) -> int:
        return len(self._streams)


open_streams = OpenStreams()
