"""Jobs in the admin site."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from conftest import client_of, create_user
from processing.models import Job

pytestmark = pytest.mark.django_db
LIST = "/admin/processing/job/"


@pytest.fixture
def watcher(db: None) -> Client:
    Role.objects.create(name="watchers", permissions=["system:health"])
    return client_of(create_user("watcher", role="watchers"))


def shown(client: Client, query: str = "") -> list[Any]:
    answer: Any = client.get(f"{LIST}{query}")
    return [job.pk for job in answer.context["cl"].result_list]


def test_it_is_filtered_and_searched(watcher: Client, alice: User, bob: User) -> None:
    resize = Job.objects.create(type="resize", status="completed", user=alice)
    crop = Job.objects.create(
        type="crop",
        status="failed",
        user=bob,
        error="Invalid image",
        created_at=datetime(2024, 5, 1, tzinfo=UTC),
    )
    assert shown(watcher) == [resize.pk, crop.pk]
    assert shown(watcher, "?status=failed") == [crop.pk]
    assert shown(watcher, "?type=resize") == [resize.pk]
    assert shown(watcher, f"?user={alice.pk}") == [resize.pk]
    assert "User: <strong>alice</strong>" in watcher.get(f"{LIST}?user={alice.pk}").content.decode()
    assert shown(watcher, "?date=2024-05") == [crop.pk]
    assert shown(watcher, "?q=ALICE") == [resize.pk]
    assert shown(watcher, "?q=invalid") == [crop.pk]
    assert shown(watcher, f"?q={crop.pk}") == [crop.pk]


def test_a_job_is_seen_without_its_files(watcher: Client, alice: User) -> None:
    job = Job.objects.create(
        type="resize",
        user=alice,
        duration_ms=1234,
        input_files=["jobs/private-name.jpg"],
        output_path="jobs/private-name.png",
        settings={"text": "private-name"},
        result={"outputs": [{"name": "private-name.png"}]},
    )
    page = watcher.get(f"{LIST}{job.pk}/change/").content.decode()
    assert "1.23 s" in page
    assert "private-name" not in page


@pytest.mark.parametrize("query", ["user=x", "user=%00", "status=%00", "date=2024-02-30", "q=%00", "o=x"])
def test_a_senseless_filter_is_no_error_of_ours(watcher: Client, query: str) -> None:
    Job.objects.create(type="resize")
    assert watcher.get(f"{LIST}?{query}", follow=True).status_code < 500


def test_nobody_changes_one(admin: User) -> None:
    job = Job.objects.create(type="resize")
    client = client_of(admin)
    assert client.post(f"{LIST}add/", {"type": "crop"}).status_code == 403
    assert client.post(f"{LIST}{job.pk}/change/", {"type": "crop"}).status_code == 403
    assert client.post(f"{LIST}{job.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Job.objects.get().type == "resize"


def test_other_administrators_do_not_see_them() -> None:
    Role.objects.create(name="auditors", permissions=["audit:read", "files:all"])
    assert client_of(create_user("auditor", role="auditors")).get(LIST).status_code == 403


def test_a_page_of_jobs_costs_as_many_queries_as_one(
    watcher: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Job.objects.bulk_create(Job(type="resize", user=alice) for _ in range(60))
    # The session, the first and last date, how many there are, the jobs
    with django_assert_max_num_queries(4):
        watcher.get(LIST)
