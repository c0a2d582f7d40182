from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Session, User
from audit.models import AuditEntry
from conftest import PASSWORD, Api, give_password, session_of

pytestmark = pytest.mark.django_db
COOKIE = "snapotter-session"


def login(api: Api, username: Any = "alice", password: Any = PASSWORD, **extra: Any) -> Any:
    return api.post("/api/auth/login", {"username": username, "password": password}, format="json", **extra)


def test_it_answers_token_user_and_end(api: Api, alice: User) -> None:
    give_password(alice)
    answer = login(api)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"token", "user", "expiresAt"}
    assert body["user"] == {
        "id": str(alice.id),
        "username": "alice",
        "role": "user",
        "mustChangePassword": False,
        "permissions": ["tools:use", "files:own", "apikeys:own", "pipelines:own", "settings:read"],
        "teamName": "Otters",
    }
    end = datetime.fromisoformat(body["expiresAt"])
    assert end - timezone.now() == pytest.approx(timedelta(hours=168), abs=timedelta(seconds=10))
    assert body["expiresAt"].endswith("Z")
    assert Session.objects.get().id == body["token"]
    alice.refresh_from_db()
    assert alice.last_login is not None


def test_the_cookie_is_the_same_session(api: Api, alice: User) -> None:
    give_password(alice)
    answer = login(api)
    cookie = answer.cookies[COOKIE]
    assert cookie.value == answer.json()["token"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (
        True,
        "Strict",
        "",
        "/",
    )
    assert cookie["max-age"] == pytest.approx(project.SESSION_DURATION_HOURS * 3600, abs=5)
    assert api.get("/api/auth/session").json()["user"]["username"] == "alice"


def test_the_cookie_is_secure_when_the_request_is(api: Api, alice: User) -> None:
    give_password(alice)
    assert login(api, secure=True).cookies[COOKIE]["secure"] is True


def test_a_program_with_a_cookie_jar_may_sign_in_again_and_both_tokens_live(api: Api, alice: User) -> None:
    give_password(alice)
    first, second = login(api), login(api)
    assert first.json()["token"] != second.json()["token"]
    for answer in (first, second):
        assert api.with_token(answer.json()["token"]).get("/api/auth/session").status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("alice", "wrong"),
        ("ALICE", PASSWORD),
        ("nobody", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        ("ünïcode", "pässword"),
        ("x" * 10_000, PASSWORD),
        ("alice", "x" * 10_000),
        ("alice\0", PASSWORD),
        ("alice", PASSWORD + "\0"),
    ],
)
def test_who_it_does_not_know_gets_401(api: Api, alice: User, username: str, password: str) -> None:
    give_password(alice)
    answer = login(api, username, password)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Invalid user name or password", "code": "INVALID_CREDENTIALS"}
    assert COOKIE not in answer.cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize("value", ["", None, 7, ["alice"], {}, True])
def test_what_is_no_text_is_not_valid(api: Api, value: object) -> None:
    assert login(api, value).json()["code"] == "VALIDATION_ERROR"
    assert login(api, "alice", value).status_code == 400


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "{}", '"x"', "{", '{"username": "\\ud800", "password": "x"}']
)
def test_a_body_that_is_no_credentials_is_not_valid(api: Api, body: str) -> None:
    answer = api.generic("POST", "/api/auth/login", body, content_type="application/json")
    assert answer.status_code == 400


def test_somebody_disabled_is_told_so_only_with_the_right_password(api: Api, alice: User) -> None:
    give_password(alice)
    User.objects.update(is_active=False)
    assert login(api, password="wrong").status_code == 401
    answer = login(api)
    assert (answer.status_code, answer.json()["code"]) == (403, "USER_DISABLED")


def test_there_is_nothing_to_sign_in_to_without_authentication(api: Api, settings: Settings) -> None:
    settings.AUTH_ENABLED = False
    assert login(api).status_code == 403


def test_a_bad_token_does_not_matter_here(api: Api, alice: User) -> None:
    give_password(alice)
    assert login(api.with_token("rubbish")).status_code == 200


def test_a_pending_password_change_is_told_unless_it_is_skipped(
    api: Api, alice: User, settings: Settings
) -> None:
    give_password(alice)
    User.objects.update(must_change_password=True)
    assert login(api).json()["user"]["mustChangePassword"] is True
    settings.SKIP_MUST_CHANGE_PASSWORD = True
    assert login(api).json()["user"]["mustChangePassword"] is False


def test_a_success_is_recorded(api: Api, alice: User) -> None:
    give_password(alice)
    login(api, REMOTE_ADDR="192.0.2.9")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.user, entry.ip_address, entry.target_id) == (
        "LOGIN_SUCCESS",
        alice,
        "192.0.2.9",
        str(alice.id),
    )
    assert entry.details == {"userId": str(alice.id), "username": "alice"}


@pytest.mark.parametrize(
    ("username", "active", "reason"),
    [("alice", True, "bad_password"), ("<script>", True, "unknown_user"), ("alice", False, "disabled_user")],
)
def test_a_failure_is_recorded_with_its_reason(
    api: Api, alice: User, username: str, active: bool, reason: str
) -> None:
    give_password(alice)
    User.objects.update(is_active=active)
    login(api, username, PASSWORD if reason == "disabled_user" else "wrong")
    entry = AuditEntry.objects.get()
    shown = username.strip("<>")
    assert (entry.action, entry.actor_id, entry.actor_username) == ("LOGIN_FAILED", None, shown)
    assert entry.details == {"username": shown, "reason": reason}


class TestLogout:
    def test_it_ends_the_presented_session_only(self, api: Api, alice: User) -> None:
        client, other = api.as_user(alice), session_of(alice)
        assert client.post("/api/auth/logout").json() == {"ok": True}
        assert client.get("/api/auth/session").status_code == 401
        assert list(Session.objects.all()) == [other]
        assert AuditEntry.objects.get().details == {"userId": str(alice.id)}

    def test_it_clears_the_cookie(self, api: Api, alice: User) -> None:
        cookie = api.as_user(alice).post("/api/auth/logout").cookies[COOKIE]
        assert (cookie.value, cookie["max-age"]) == ("", 0)

    def test_it_is_fine_without_a_session(self, api: Api) -> None:
        assert api.post("/api/auth/logout").json() == {"ok": True}
        assert api.with_token("rubbish").post("/api/auth/logout").status_code == 200
        assert not AuditEntry.objects.exists()

    def test_it_is_open_while_the_password_must_be_changed(self, api: Api, alice: User) -> None:
        User.objects.update(must_change_password=True)
        assert api.as_user(alice).post("/api/auth/logout").status_code == 200
        assert not Session.objects.exists()


class TestSession:
    def test_it_tells_who_and_until_when(self, api: Api, alice: User) -> None:
        body = api.as_user(alice).get("/api/auth/session").json()
        assert set(body) == {"user", "expiresAt"}
        assert set(body["user"]) == {"id", "username", "role", "mustChangePassword", "permissions"}

    def test_it_refuses_who_has_none(self, api: Api, alice: User) -> None:
        expired = session_of(alice)
        Session.objects.update(expires_at=timezone.now())
        for token in ("", "rubbish", expired.id):
            answer = api.with_token(token).get("/api/auth/session")
            assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_REQUIRED")

    def test_without_authentication_it_is_the_anonymous_admin(self, api: Api, settings: Settings) -> None:
        settings.AUTH_ENABLED = False
        body = api.with_token("rubbish").get("/api/auth/session").json()
        assert (body["user"]["username"], body["user"]["role"], body["expiresAt"]) == (
            "anonymous",
            "admin",
            None,
        )
        assert len(body["user"]["permissions"]) == 17


def test_the_configuration_tells_whether_to_sign_in(api: Api, settings: Settings) -> None:
    assert api.get("/api/v1/config/auth").json() == {"authEnabled": True}
    settings.AUTH_ENABLED = False
    assert api.get("/api/v1/config/auth").json() == {"authEnabled": False}
