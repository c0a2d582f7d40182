"""The streams of this process, so that they end when it does."""

from __future__ import annotations

from typing import Protocol


class Stream(Protocol):
    def end(self) -> None: ...


class OpenStreams:
    """Clients of a stream that ended connect again, and find the next process."""

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._has_ended = False

    def add(self, stream: Stream) -> None:
        self._streams.add(stream)
        if self._has_ended:
            stream.end()

    def discard(self, stream: Stream) -> None:
        self._streams.discard(stream)

    def end(self) -> None:
        """In the loop's thread, once: every stream ends now, and later ones as they begin."""
        self._has_ended = True
        for stream in tuple(self._streams):
            stream.end()

    def __len__(self) -> int:
        return len(self._streams)


open_streams = OpenStreams()
