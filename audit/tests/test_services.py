from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import RequestFactory

from audit.context import RequestContext, use
from audit.models import AuditEntry
from audit.services import attempted_name, record

pytestmark = pytest.mark.django_db


def recorded(entry: AuditEntry) -> AuditEntry:
    return AuditEntry.objects.get(pk=entry.pk)


def test_outside_of_a_request_the_actor_is_the_system() -> None:
    entry = recorded(record("SETTINGS_UPDATED"))
    assert (entry.actor_id, entry.actor_username, entry.ip_address, entry.request_id) == (
        None,
        "system",
        None,
        None,
    )
    assert entry.details is None


def test_the_actor_is_who_the_request_belongs_to_when_it_is_recorded(alice: AbstractBaseUser) -> None:
    request = RequestFactory().get("/")
    context = RequestContext(request, "192.0.2.1")
    with use(context):
        request.user = alice  # type: ignore[assignment]  # as the API does, after the middleware
        entry = recorded(record("FILE_DELETED"))
    assert (entry.user, entry.actor_id, entry.actor_username) == (alice, alice.pk, "alice")
    assert (entry.ip_address, entry.request_id) == ("192.0.2.1", context.request_id)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("USER_CREATED", "user"),
        ("LOGIN_FAILED", "user"),
        ("PASSWORD_RESET", "user"),
        ("LOGOUT", "user"),
        ("API_KEY_CREATED", "api_key"),
        ("FILE_UPLOADED", "file"),
        ("ROLE_DELETED", "role"),
        ("SETTINGS_UPDATED", "setting"),
        ("TEAM_CREATED", "team"),
        ("BRANDING_UPDATED", "branding"),
        ("SESSION_ENDED", "session"),
        ("AUDIT_EXPORTED", "audit"),
        ("TOOL_EXECUTED", "tool"),
        ("JOB_CANCELED", "job"),
        ("SOMETHING", None),
    ],
)
def test_the_action_tells_the_kind_of_target(action: str, kind: str | None) -> None:
    assert record(action).target_type == kind


def test_the_details_tell_the_target() -> None:
    key = str(uuid.uuid4())
    assert record("API_KEY_DELETED", details={"keyId": key}).target_id == key
    assert record("PASSWORD_RESET", details={"targetUserId": "u"}).target_id == "u"
    assert record("TEAM_CREATED", target_type="team", target_id=7).target_id == "7"


def test_an_actor_who_was_deleted_in_the_meantime_stays_named(alice: AbstractBaseUser) -> None:
    type(alice)._default_manager.filter(pk=alice.pk).delete()
    entry = recorded(record("LOGOUT", actor=alice))
    assert (entry.user, entry.actor_id, entry.actor_username) == (None, alice.pk, "alice")


def test_an_attempted_name_is_safe_to_show() -> None:
    assert attempted_name('<b>"o\'tter"&\0</b>') == "botter/b"
    assert attempted_name("x" * 1000) == "x" * 200
