"""Lists of jobs are found in an index alone, so that they are as fast when there are a hundred thousand."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from processing.history.query import HistoryQuery, Position
from processing.models import Job
from processing.queue import waiting_batches
from processing.selectors import listed, own_jobs

QUESTIONS: list[dict[str, Any]] = [
    {},
    {"state": "failed"},
    {"type": "resize"},
    {"state": "completed", "type": "resize"},
    {"before": Position(timezone.now(), Job().pk)},
]


def plan_of(jobs: QuerySet[Job]) -> str:
    """As PostgreSQL would do it if the table were large."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        for sort in ("enable_sort", "enable_incremental_sort"):  # cheap as long as it knows of few rows
            cursor.execute(f"SET LOCAL {sort} = off")
        cursor.execute("DROP INDEX jobs_status_lease")  # which is better where few are in that state
    return jobs.explain()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("everybody", "index"), [(False, "jobs_owner_recent"), (True, "jobs_recent")])
def test_a_page_of_the_history(admin: User, question: dict[str, Any], everybody: bool, index: str) -> None:
    jobs = HistoryQuery(everybody=everybody, **question).jobs(user=admin, most=51)
    assert f"Index Only Scan using {index}" in plan_of(jobs)


@pytest.mark.parametrize("filters", [{}, {"status": "failed"}, {"type": "resize"}])
def test_a_page_of_the_api(alice: User, filters: dict[str, str]) -> None:
    jobs = own_jobs(user=alice).filter(parent=None, **filters)
    plan = plan_of(listed(jobs=jobs, start=5000, stop=5050))
    assert "Index Only Scan using jobs_owner_recent" in plan


def test_a_page_of_the_administration(db: None) -> None:
    assert "Index Scan using jobs_created" in plan_of(Job.objects.order_by("-created_at", "-pk")[:100])


def test_the_batches_of_a_user_whose_members_wait(alice: User) -> None:
    plan = plan_of(waiting_batches(alice.pk))
    assert "using jobs_unfinished_batches" in plan
    assert "using jobs_members_waiting" in plan


def test_it_is_in_the_order_asked_for_and_no_longer(alice: User) -> None:
    moment = timezone.now()
    ids = sorted(Job.objects.create(type="resize", user=alice, created_at=moment).pk for _ in range(4))
    jobs = own_jobs(user=alice)
    assert [job.pk for job in listed(jobs=jobs, stop=3)] == ids[:3]
    assert [job.pk for job in listed(jobs=jobs, start=3, stop=9)] == ids[3:]
    assert list(listed(jobs=jobs.none(), stop=3)) == []
