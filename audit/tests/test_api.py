"""`GET /api/v1/audit-log`."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from audit import context
from audit.context import RequestContext
from audit.models import AuditEntry
from audit.services import record
from conftest import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/audit-log"


@pytest.fixture
def auditor(api: Api, admin: User) -> Api:
    return api.as_user(admin)


def actions(client: Api, **query: Any) -> list[str]:
    return [entry["action"] for entry in client.get(URL, query).json()["entries"]]


def at(moment: str, action: str) -> None:
    AuditEntry.objects.create(action=action, actor_username="system", created_at=moment)


def test_an_entry_has_its_fields(auditor: Api, alice: User) -> None:
    with context.use(RequestContext(ip_address="192.0.2.1")):
        record("ROLE_DELETED", actor=alice, target_id="7", details={"roleName": "painter"})
    body = auditor.get(URL).json()
    assert (body["total"], body["page"], body["limit"]) == (1, 1, 50)
    entry = body["entries"][0]
    assert entry.pop("id")
    assert entry.pop("createdAt").endswith("Z")
    assert entry == {
        "actorId": str(alice.pk),
        "actorUsername": "alice",
        "action": "ROLE_DELETED",
        "targetType": "role",
        "targetId": "7",
        "details": {"roleName": "painter"},
        "ipAddress": "192.0.2.1",
    }


def test_the_newest_comes_first_even_within_one_moment(auditor: Api) -> None:
    for action in ("FIRST", "SECOND", "THIRD"):
        at("2026-01-01T00:00:00Z", action)
    assert actions(auditor) == ["THIRD", "SECOND", "FIRST"]
    assert actions(auditor, page=2, limit=2) == ["FIRST"]
    assert actions(auditor, page=9) == []


@pytest.mark.parametrize(
    ("query", "page", "limit"),
    [
        ({"page": "0"}, 1, 50),
        ({"page": "-5"}, 1, 50),
        ({"page": "abc"}, 1, 50),
        ({"limit": "500"}, 1, 100),
        ({"limit": "0"}, 1, 50),
        ({"limit": "xyz"}, 1, 50),
        ({"limit": "-5"}, 1, 1),
    ],
)
def test_a_page_is_always_a_sensible_one(auditor: Api, query: dict[str, str], page: int, limit: int) -> None:
    body = auditor.get(URL, query).json()
    assert (body["page"], body["limit"]) == (page, limit)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"from": "2026-01-02"}, ["C", "B"]),
        ({"to": "2026-01-02"}, ["B", "A"]),
        ({"from": "2026-01-02T10:00:00.123Z", "to": "2026-01-02T10:00:00.123Z"}, ["B"]),
        ({"from": "2026-01-02T12:00:00.123+02:00", "to": "2026-01-02T10:00:00.124"}, ["B"]),
        ({"to": "2026-01-02T10:00:00.122Z"}, ["A"]),
        ({"from": "yesterday", "to": "9999-12-31"}, ["C", "B", "A"]),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "nul\0"}, ["C", "B", "A"]),
        ({"action": "B"}, ["B"]),
        ({"action": "b"}, []),
        ({"action": "B\0"}, []),
    ],
)
def test_it_is_narrowed_down(auditor: Api, query: dict[str, str], found: list[str]) -> None:
    at("2026-01-01T23:59:59.999999Z", "A")
    at("2026-01-02T10:00:00.123456Z", "B")
    at("2026-01-03T00:00:00Z", "C")
    assert actions(auditor, **query) == found


@pytest.mark.parametrize(
    ("ip", "found"),
    [("2001:DB8:0::1", 1), ("2001:db8::2", 0), ("nowhere", 0), ("fe80::1%eth0", 0), ("\0", 0)],
)
def test_it_is_found_by_address(auditor: Api, ip: str, found: int) -> None:
    with context.use(RequestContext(ip_address="2001:db8::1")):
        record("LOGOUT")
    assert auditor.get(URL, {"ip": ip}).json()["total"] == found


def test_who_may_not_audit_is_refused(api: Api, alice: User) -> None:
    assert api.get(URL).status_code == 401
    assert api.as_user(alice).get(URL).status_code == 403


def test_a_long_page_costs_no_more_queries_than_a_short_one(
    auditor: Api, admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        record("LOGOUT", actor=admin)
    with django_assert_num_queries(3):  # the session, the rows, the total
        assert len(actions(auditor)) == 30
