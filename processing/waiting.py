"""Requests that wait for what a worker runs. Each holds a thread of its web process; most must stay free."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.conf import settings

MOST: Final = settings.REQUEST_THREADS // 4
MOST_OF_A_USER: Final = MOST // 2


class WaitingRoom:
    """Thread-safe. Who finds no seat is answered 202 at once, and the job goes on all the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def seat(self, user_id: UUID) -> Iterator[bool]:
        """Whether there is one."""
        has_seat = self._take(user_id)
        try:
            yield has_seat
        finally:
            if has_seat:
                self._give_back(user_id)

    def _take(self, user_id: UUID) -> bool:
        with self._lock:
            if self._taken.total() >= MOST or self._taken[user_id] >= MOST_OF_A_USER:
                return False
            self._taken[user_id] += 1
            return True

    def _give_back(self, user_id: UUID) -> None:
        with self._lock:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]


waiting_room = WaitingRoom()
