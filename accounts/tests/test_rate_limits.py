"""How many requests a minute are admitted, over threads, processes and minutes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from unittest.mock import Mock, patch

import pytest
from django.db import OperationalError, connection
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import RateLimitCounter
from accounts.rate_limits import KEPT_MINUTES, PATIENCE_SECONDS, SECONDS, RateCounter, key_of_address
from audit.context import RequestContext, use
from conftest import Api

MINUTE = 29_000_000


class Clock:
    def __init__(self) -> None:
        self.now = MINUTE * 60.0 + 10

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def admitted(counter: RateCounter, times: int, key: str = "somebody", limit: int = 100) -> int:
    return sum(counter.count(key, limit).admitted for _ in range(times))


@pytest.mark.django_db
class TestOneProcess:
    @pytest.mark.parametrize("limit", [1, 2, 30, 49, 50, 99, 100, 101, 1000])
    def test_it_admits_exactly_the_limit(self, clock: Clock, limit: int) -> None:
        assert admitted(RateCounter(clock), limit + 50, limit=limit) == limit

    def test_keys_are_counted_apart(self, clock: Clock) -> None:
        counter = RateCounter(clock)
        assert admitted(counter, 20, "one", limit=10) == 10
        assert admitted(counter, 20, "another", limit=10) == 10

    def test_the_next_minute_begins_at_nothing(self, clock: Clock) -> None:
        counter = RateCounter(clock)
        assert admitted(counter, 150) == 100
        clock.now += SECONDS - 10 - 0.001
        assert admitted(counter, 50) == 0
        clock.now += 0.001
        assert admitted(counter, 150) == 100

    def test_a_clock_set_back_does_not_forget_what_was_admitted(self, clock: Clock) -> None:
        counter = RateCounter(clock)
        admitted(counter, 150)
        clock.now += SECONDS
        admitted(counter, 150)
        clock.now -= SECONDS
        assert admitted(counter, 150) == 0

    def test_it_tells_the_limit_what_is_left_and_when_it_begins_again(self, clock: Clock) -> None:
        counter = RateCounter(clock)
        clock.now += 0.5
        first = counter.count("somebody", 3)
        assert (first.limit, first.admitted, first.remaining, first.reset_seconds) == (3, True, 2, 50)
        admitted(counter, 2, limit=3)
        refused = counter.count("somebody", 3)
        assert (refused.admitted, refused.remaining) == (False, 0)

    def test_a_large_limit_costs_a_query_for_each_fiftieth_part_and_a_refusal_none(
        self, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        counter = RateCounter(clock)
        with django_assert_num_queries(50 + 1):  # and one that removes old minutes
            admitted(counter, 1000, limit=1000)
        with django_assert_num_queries(0):
            assert admitted(counter, 1000, limit=1000) == 0

    def test_old_minutes_are_removed(self, clock: Clock) -> None:
        RateLimitCounter.objects.create(minute=MINUTE - KEPT_MINUTES - 1, key="old", hits=1)
        RateLimitCounter.objects.create(minute=MINUTE - KEPT_MINUTES, key="recent", hits=1)
        admitted(RateCounter(clock), 1, key="new")
        assert set(RateLimitCounter.objects.values_list("key", flat=True)) == {"recent", "new"}


@pytest.mark.django_db
class TestProcesses:
    def test_they_never_admit_more_than_the_limit_in_all(self, clock: Clock) -> None:
        processes = [RateCounter(clock) for _ in range(4)]
        total = sum(admitted(processes[turn % 4], 1, limit=500) for turn in range(1000))
        assert total == 500  # in turn, so that each spends what it reserved

    def test_what_one_reserved_and_did_not_spend_is_all_that_is_lost(self, clock: Clock) -> None:
        idle, busy = RateCounter(clock), RateCounter(clock)
        assert admitted(idle, 1, limit=500) == 1
        assert admitted(busy, 1000, limit=500) == 500 - 10

    def test_a_small_limit_is_exact(self, clock: Clock) -> None:
        processes = [RateCounter(clock) for _ in range(4)]
        assert sum(admitted(processes[turn % 4], 1, limit=30) for turn in range(100)) == 30
        assert admitted(processes[0], 10, limit=30) == 0


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.mark.parametrize("limit", [30, 200])
    def test_threads_of_two_processes_admit_no_more_and_in_the_end_all_of_it(
        self, clock: Clock, limit: int
    ) -> None:
        processes = [RateCounter(clock), RateCounter(clock)]

        def work(number: int) -> int:
            try:
                return admitted(processes[number % 2], limit, limit=limit)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            total = sum(pool.map(work, range(8)))
        rest = sum(admitted(process, limit, limit=limit) for process in processes)
        assert total + rest == limit

    def test_the_table_writes_no_log(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'rate_limit_counters'")
            assert cursor.fetchone() == ("u",)


@contextmanager
def no_database() -> Iterator[Mock]:
    """Gives what is asked for a cursor."""
    cursor = Mock(side_effect=OperationalError("connection refused"))
    gone = Mock(cursor=cursor)
    with patch("accounts.rate_limits.connection", gone), patch("snapotter.api.health.connection", gone):
        yield cursor


@pytest.mark.django_db
class TestWithoutDatabase:
    def test_everything_is_admitted_and_the_log_says_so(
        self, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        with no_database():
            assert admitted(RateCounter(clock), 20, limit=10) == 20
        assert "requests are not counted" in caplog.text

    def test_it_is_asked_again_only_after_a_while(self, clock: Clock) -> None:
        counter = RateCounter(clock)
        with no_database() as cursor:
            admitted(counter, 20, limit=10)
            assert cursor.call_count == 1
            clock.now += PATIENCE_SECONDS
            admitted(counter, 20, limit=10)
            assert cursor.call_count == 2

    def test_counting_goes_on_when_it_is_back(self, clock: Clock) -> None:
        counter = RateCounter(clock)
        with no_database():
            admitted(counter, 5, limit=10)
        clock.now += PATIENCE_SECONDS
        assert admitted(counter, 20, limit=10) == 10

    def test_who_comes_later_does_not_wait_for_a_silent_one(self, clock: Clock) -> None:
        counter, asked, answers = RateCounter(clock), Event(), Event()

        def silent() -> None:
            asked.set()
            answers.wait()
            raise OperationalError("the connection was lost")

        with no_database() as cursor, ThreadPoolExecutor(1) as thread:
            cursor.side_effect = silent
            first = thread.submit(admitted, counter, 1)
            asked.wait()
            clock.now += PATIENCE_SECONDS + 1
            assert admitted(counter, 20, limit=10) == 20
            assert cursor.call_count == 1
            answers.set()
            assert first.result() == 1

    def test_health_still_says_that_the_server_is_not_well(self, api: Api, settings: Settings) -> None:
        settings.RATE_LIMIT_PER_MIN = 10
        with no_database():
            assert api.get("/api/v1/health").status_code == 503
            assert api.get("/api/v1/config/auth").status_code == 200


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "address 192.0.2.7"),
        ("::ffff:192.0.2.7", "address 192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address 2001:db8:1:2::/64"),
        (None, "address unknown"),
    ],
)
def test_an_ipv6_site_counts_as_one(address: str | None, key: str) -> None:
    with use(RequestContext(ip_address=address)):
        assert key_of_address() == key
