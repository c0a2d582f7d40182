from __future__ import annotations

from typing import Any

import pytest

from accounts import services
from accounts.models import ApiKey, Session, User
from audit.models import AuditEntry
from conftest import PASSWORD, Api, give_password, session_of

pytestmark = pytest.mark.django_db
NEW = "Otter-8-dives"


def change(api: Api, current: Any = PASSWORD, new: Any = NEW) -> Any:
    body = {"currentPassword": current, "newPassword": new}
    return api.post("/api/auth/change-password", body, format="json")


@pytest.fixture
def owner(alice: User) -> User:
    return give_password(alice)


def test_it_changes_the_password_and_ends_everything_but_this_session(
    api: Api, owner: User, bob: User
) -> None:
    client = api.as_user(owner)
    mine = Session.objects.get()
    session_of(owner)
    services.api_key_create(user=owner)
    services.api_key_create(user=bob)
    others = session_of(bob)
    User.objects.update(must_change_password=True)

    assert change(client).json() == {"ok": True}

    assert set(Session.objects.all()) == {mine, others}
    assert [key.user for key in ApiKey.objects.all()] == [bob]
    body = client.get("/api/auth/session").json()
    assert body["user"]["mustChangePassword"] is False
    owner.refresh_from_db()
    assert owner.check_password(NEW)


def test_it_is_recorded(api: Api, owner: User) -> None:
    change(api.as_user(owner))
    entry = AuditEntry.objects.get(action="PASSWORD_CHANGED")
    assert (entry.user, entry.target_type) == (owner, "user")
    assert entry.details == {"userId": str(owner.id), "username": "alice"}


def test_the_new_password_may_be_the_old_one(api: Api, owner: User) -> None:
    assert change(api.as_user(owner), new=PASSWORD).status_code == 200


def test_it_refuses_a_stranger(api: Api) -> None:
    assert (change(api).status_code, change(api).json()["code"]) == (401, "AUTH_REQUIRED")


def test_a_wrong_current_password_is_told_last(api: Api, owner: User) -> None:
    client = api.as_user(owner)
    answer = change(client, "wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_PASSWORD")
    assert change(client, "wrong", "weak").json()["code"] == "VALIDATION_ERROR"
    assert change(client, "x" * 5000).json()["code"] == "INVALID_PASSWORD"


def test_a_wrong_current_password_is_recorded(api: Api, owner: User) -> None:
    change(api.as_user(owner), "wrong-Otter-1")
    entry = AuditEntry.objects.get(action="PASSWORD_CHANGE_FAILED")
    assert (entry.actor_id, entry.target_type, entry.target_id) == (owner.pk, "user", str(owner.pk))
    assert entry.details == {
        "userId": str(owner.pk),
        "username": owner.username,
        "reason": "wrong_password",
    }


def test_a_weak_password_is_refused_with_its_rules(api: Api, owner: User) -> None:
    body = change(api.as_user(owner), new="otter").json()
    assert body["rules"] == ["minLength", "uppercase", "digit"]
    assert (body["code"], body["rule"], body["minLength"]) == ("VALIDATION_ERROR", "minLength", 8)


@pytest.mark.parametrize("value", ["", None, 7])
def test_both_must_be_text(api: Api, owner: User, value: object) -> None:
    client = api.as_user(owner)
    assert change(client, value).json()["code"] == "VALIDATION_ERROR"
    assert change(client, new=value).json()["code"] == "VALIDATION_ERROR"


def test_a_key_cannot_change_the_password(api: Api, owner: User) -> None:
    _, key = services.api_key_create(user=owner)
    answer = change(api.with_token(key))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
