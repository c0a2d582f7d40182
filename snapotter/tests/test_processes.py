"""Who carries the queue among the processes that gunicorn keeps alive."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytest_django import Settings

from snapotter.management.processes import Process, _choose_duty


class Master:
    """Spawns and loses processes as gunicorn's master does."""

    def __init__(self) -> None:
        self.WORKERS: dict[int, Any] = {}
        self._age = 0

    def spawn(self, count: int = 1) -> None:
        for _ in range(count):
            self._age += 1
            process = SimpleNamespace(age=self._age, carries_queue=False)
            _choose_duty(self, cast(Process, process))
            self.WORKERS[self._age] = process

    def lose(self, *ages: int) -> None:
        for age in ages:
            del self.WORKERS[age]

    def duties(self) -> list[bool]:
        return sorted(process.carries_queue for process in self.WORKERS.values())

    def age_of(self, *, carries_queue: bool) -> int:
        return next(age for age, process in self.WORKERS.items() if process.carries_queue == carries_queue)


@pytest.fixture
def master(settings: Settings) -> Master:
    settings.WEB_WORKERS, settings.WORKERS = 3, 2
    master = Master()
    master.spawn(5)
    return master


def test_as_many_carry_the_queue_as_are_wanted(master: Master) -> None:
    assert master.duties() == [False, False, False, True, True]


@pytest.mark.parametrize("carries_queue", [True, False])
def test_whoever_dies_is_replaced_by_one_with_the_same_duty(master: Master, carries_queue: bool) -> None:
    for _ in range(6):
        master.lose(master.age_of(carries_queue=carries_queue))
        master.spawn()
        assert master.duties() == [False, False, False, True, True]


def test_after_a_reload_the_young_ones_have_both_duties(master: Master) -> None:
    old = tuple(master.WORKERS)
    master.spawn(5)
    master.lose(*old)
    assert master.duties() == [False, False, False, True, True]


def test_without_workers_nobody_carries_it(settings: Settings) -> None:
    settings.WEB_WORKERS, settings.WORKERS = 2, 0
    master = Master()
    master.spawn(2)
    assert master.duties() == [False, False]
