"""What a test has received of a stream of progress."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, Final

from snapotter.tests.waiting import eventually

HEARTBEAT: Final = {"type": "heartbeat"}


class Received(ABC):
    """What came of a stream that a thread reads: `frames` without the heartbeats, which `beats` counts."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.beats = 0
        self._thread = threading.Thread(target=self._read)

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self.frames or self.beats, "the stream begins")

    @property
    def last(self) -> dict[str, Any]:
        return self.frames[-1] if self.frames else {}

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    @abstractmethod
    def _read(self) -> None:
        """Note every frame."""

    def _note(self, frame: dict[str, Any]) -> None:
        if frame == HEARTBEAT:
            self.beats += 1
        else:
            self.frames.append(frame)
