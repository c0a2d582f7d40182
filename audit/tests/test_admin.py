"""The audit log in the admin site: found, read, and changed by nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from audit.models import AuditEntry
from audit.search import recorded_actions
from audit.services import record
from conftest import client_of, create_user

pytestmark = pytest.mark.django_db
LIST = "/admin/audit/auditentry/"


@pytest.fixture
def auditor(db: None) -> Client:
    Role.objects.create(name="auditors", permissions=["audit:read"])
    return client_of(create_user("auditor", role="auditors"))


def shown(client: Client, query: str = "") -> list[str]:
    answer: Any = client.get(f"{LIST}{query}", follow=True)
    return [entry.action for entry in answer.context["cl"].result_list]


def test_an_auditor_reads_an_entry_with_its_details(auditor: Client, alice: User) -> None:
    entry = record("USER_CREATED", actor=alice, details={"newUsername": "<b>bold</b>"})
    page = auditor.get(f"{LIST}{entry.pk}/change/").content.decode()
    assert "&quot;newUsername&quot;: &quot;&lt;b&gt;bold&lt;/b&gt;&quot;" in page
    assert "Added a user" in page
    assert entry.hash in page


def test_nobody_changes_or_deletes_one(admin: User) -> None:
    entry = record("LOGOUT", actor=admin)
    client = client_of(admin)
    assert client.post(f"{LIST}add/", {"action": "FORGED"}).status_code == 403
    assert client.post(f"{LIST}{entry.pk}/change/", {"action": "FORGED"}).status_code == 403
    assert client.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(LIST, {"action": "delete_selected", "_selected_action": entry.pk}).status_code < 400
    assert AuditEntry.objects.get().action == "LOGOUT"


@pytest.mark.parametrize("permission", ["users:manage", "system:health", "settings:write"])
def test_other_administrators_do_not_read_it(permission: str) -> None:
    Role.objects.create(name="others", permissions=[permission])
    client = client_of(create_user("other", role="others"))
    entry = record("LOGOUT")
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{entry.pk}/change/").status_code == 403


def test_it_is_filtered_by_action_target_and_actor(auditor: Client, alice: User, bob: User) -> None:
    record("LOGOUT", actor=alice, target_id=alice.pk)
    record("ROLE_CREATED", actor=bob)
    assert shown(auditor, "?action=LOGOUT") == ["LOGOUT"]
    assert shown(auditor, "?target_type=role") == ["ROLE_CREATED"]
    assert shown(auditor, f"?actor_id={bob.pk}") == ["ROLE_CREATED"]
    assert "Actor: <strong>bob</strong>" in auditor.get(f"{LIST}?actor_id={bob.pk}").content.decode()
    assert shown(auditor, f"?target_type=user&target_id={alice.pk}") == ["LOGOUT"]


def test_it_is_searched_by_what_people_have_at_hand(auditor: Client, alice: User, bob: User) -> None:
    entry = record("LOGOUT", actor=alice)
    AuditEntry.objects.create(
        action="LOGIN_FAILED", actor_username="bob", ip_address="203.0.113.7", request_id=(seen := uuid4())
    )
    assert shown(auditor, "?q=ALI") == ["LOGOUT"]
    assert shown(auditor, f"?q={entry.actor_id}") == ["LOGOUT"]
    assert shown(auditor, "?q=203.0.113.7") == ["LOGIN_FAILED"]
    assert shown(auditor, f"?q={seen}") == ["LOGIN_FAILED"]
    assert shown(auditor, "?q=nobody") == []


def test_dates_are_drilled_down(auditor: Client) -> None:
    for day in (datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)):
        AuditEntry.objects.create(action=f"ON_{day:%d}", actor_username="alice", created_at=day)
    assert shown(auditor, "?date=2024") == ["ON_01", "ON_29"]
    assert shown(auditor, "?date=2024-02") == ["ON_29"]
    assert shown(auditor, "?date=2024-03-01") == ["ON_01"]
    answer: Any = auditor.get(f"{LIST}?date=2024")
    offered = dict(answer.context["cl"].filter_specs[0].lookup_choices)
    assert offered == {"2024": "2024", "2024-02": "February 2024", "2024-03": "March 2024"}


@pytest.mark.parametrize(
    "query", ["date=2024-13", "date=2024-02-31", "date=x", "actor_id=x", "ip_address=x", "action=%00", "p=x"]
)
def test_a_senseless_filter_is_no_error_of_ours(auditor: Client, query: str) -> None:
    assert auditor.get(f"{LIST}?{query}", follow=True).status_code < 500


def test_every_recorded_action_can_be_chosen(db: None) -> None:
    for action in ("LOGOUT", "LOGIN_FAILED", "LOGOUT"):
        record(action)
    assert recorded_actions() == ["LOGIN_FAILED", "LOGOUT"]


def test_a_page_of_entries_costs_as_many_queries_as_one_entry(
    auditor: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        record("LOGOUT", actor=alice, target_id=alice.pk)
    # The session, the actions, the first and last date, how many there are, the entries
    with django_assert_max_num_queries(5):
        auditor.get(LIST)


class TestExport:
    def test_it_holds_what_the_list_shows(self, auditor: Client, alice: User, bob: User) -> None:
        for user in (alice, bob, alice):
            record("LOGOUT", actor=user)
        answer: Any = auditor.get(f"{LIST}export/csv?q=alice&action=LOGOUT&p=2")
        assert answer["Content-Disposition"].startswith("attachment")
        rows = answer.content.decode().splitlines()
        assert len(rows) == 3
        assert all("alice" in row for row in rows[1:])
        entry = AuditEntry.objects.get(action="AUDIT_EXPORTED")
        assert entry.details == {
            "format": "csv",
            "filters": {"q": "alice", "action": "LOGOUT", "p": "2"},
            "entries": 2,
        }

    def test_the_list_leads_to_it_with_its_filters(self, auditor: Client) -> None:
        page = auditor.get(f"{LIST}?action=LOGOUT").content.decode()
        assert f"{LIST}export/jsonl?action=LOGOUT" in page

    @pytest.mark.parametrize(("rest", "status"), [("xml", 400), ("csv?date=x", 400), ("csv?actor_id=x", 400)])
    def test_what_makes_no_sense_is_refused(self, auditor: Client, rest: str, status: int) -> None:
        record("LOGOUT")
        assert auditor.get(f"{LIST}export/{rest}").status_code == status

    def test_others_get_nothing(self) -> None:
        Role.objects.create(name="others", permissions=["users:manage"])
        client = client_of(create_user("other", role="others"))
        assert client.get(f"{LIST}export/csv").status_code == 403
        assert not AuditEntry.objects.exists()
