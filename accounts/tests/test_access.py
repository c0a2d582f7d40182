"""Who gets through the door of the API: credentials, CSRF, pending passwords, permissions."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import services
from accounts.models import ApiKey, Session, User
from audit.models import AuditEntry
from audit.services import record
from conftest import Api, session_of
from snapotter.common.endpoint import PUBLIC, SIGNED_IN, Endpoint, Ok, operation
from snapotter.common.wire import WireModel


class Who(WireModel):
    kind: str
    username: str
    upload: str = ""


def who(request: Any) -> Who:
    return Who(kind=request.auth.kind, username=request.user.get_username())


class Open(Endpoint):
    @operation(access=PUBLIC, answers=Who)
    def get(self, request: Any) -> Who:
        return who(request)


class Members(Endpoint):
    @operation(access=SIGNED_IN, answers=Who)
    def get(self, request: Any) -> Who:
        return who(request)

    @operation(access=SIGNED_IN, answers=Who)
    def post(self, request: Any) -> Who:
        return Who(kind="unread", username="", upload=request._request.read().decode())

    @operation(access=SIGNED_IN, answers=Ok, pending_password_change=True)
    def put(self, request: Any) -> Ok:
        return Ok()

    def delete(self, request: Any) -> Ok:
        raise AssertionError("it declares no access, so nobody gets here")


class Auditors(Endpoint):
    @operation(access="audit:read", answers=Ok)
    def get(self, request: Any) -> Ok:
        record("SEEN")
        return Ok()


urlpatterns = [
    path("open", Open.as_view()),
    path("members", Members.as_view()),
    path("auditors", Auditors.as_view()),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def key_for(user: User, **columns: Any) -> str:
    return services.api_key_create(user=user, **columns)[1]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def by_cookie(api: Api, user: User, *, enforce: bool = True) -> Api:
    client = Api(enforce_csrf_checks=enforce)
    client.cookies["snapotter-session"] = session_of(user).id
    return client


def test_a_session_token_opens(api: Api, alice: User) -> None:
    assert api.as_user(alice).get("/members").json() == {"kind": "session", "username": "alice", "upload": ""}


def test_a_key_opens(api: Api, alice: User) -> None:
    assert api.with_token(key_for(alice)).get("/members").json()["kind"] == "api_key"


def test_a_cookie_opens(api: Api, alice: User) -> None:
    assert by_cookie(api, alice).get("/members").json()["username"] == "alice"


def test_a_token_costs_one_query_and_a_key_two(
    api: Api, alice: User, admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session, cookie, key = api.as_user(alice), by_cookie(api, alice), api.with_token(key_for(alice))
    key.get("/members")
    with django_assert_num_queries(1):
        session.get("/members")
    with django_assert_num_queries(1):
        cookie.get("/members")
    with django_assert_num_queries(2):
        key.get("/members")
    auditor = api.as_user(admin)
    with django_assert_num_queries(3):  # and two for the entry it records
        auditor.get("/auditors")


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer rubbish", "bearer {}", "Basic {}", "{}", "Bearer  {}"]
)
def test_a_malformed_header_is_nobody(api: Api, alice: User, header: str) -> None:
    client = Api()
    client.credentials(HTTP_AUTHORIZATION=header.format(session_of(alice).id))
    assert code(client.get("/members")) == (401, "AUTH_REQUIRED")
    assert client.get("/open").json()["kind"] == "anonymous"


def test_the_header_wins_over_the_cookie(api: Api, alice: User, bob: User) -> None:
    client = by_cookie(api, alice)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_of(bob).id}")
    assert client.get("/members").json()["username"] == "bob"
    client.credentials(HTTP_AUTHORIZATION="Bearer rubbish")
    assert code(client.get("/members")) == (401, "AUTH_REQUIRED")


def test_a_proxys_own_password_does_not_hide_the_cookie(api: Api, alice: User) -> None:
    client = by_cookie(api, alice)
    client.credentials(HTTP_AUTHORIZATION="Basic b3R0ZXI6b3R0ZXI=")
    assert client.get("/members").json()["username"] == "alice"


class TestCsrf:
    def test_a_cookie_alone_changes_nothing(self, api: Api, alice: User) -> None:
        assert code(by_cookie(api, alice).put("/members")) == (403, "CSRF_FAILED")

    def test_a_cookie_with_the_token_does(self, api: Api, alice: User) -> None:
        client = by_cookie(api, alice)
        client.cookies["snapotter-csrf"] = "a" * 32
        assert client.put("/members", HTTP_X_CSRFTOKEN="a" * 32).status_code == 200
        assert code(client.put("/members", HTTP_X_CSRFTOKEN="b" * 32)) == (403, "CSRF_FAILED")

    def test_a_bearer_needs_none(self, api: Api, alice: User) -> None:
        client = Api(enforce_csrf_checks=True)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_of(alice).id}")
        assert client.put("/members").status_code == 200

    def test_looking_for_it_does_not_read_the_upload(self, api: Api, alice: User) -> None:
        client = by_cookie(api, alice)
        client.cookies["snapotter-csrf"] = "a" * 32
        answer = client.generic(
            "POST", "/members", "raw", "multipart/form-data; boundary=x", HTTP_X_CSRFTOKEN="a" * 32
        )
        assert answer.json()["upload"] == "raw"

    def test_another_site_is_refused(self, api: Api, alice: User) -> None:
        client = by_cookie(api, alice)
        client.cookies["snapotter-csrf"] = "a" * 32
        answer = client.put("/members", HTTP_X_CSRFTOKEN="a" * 32, HTTP_ORIGIN="https://elsewhere.example")
        assert code(answer) == (403, "CSRF_FAILED")


class TestPermission:
    def test_it_is_required(self, api: Api, alice: User, admin: User) -> None:
        assert code(api.get("/auditors")) == (401, "AUTH_REQUIRED")
        assert code(api.as_user(alice).get("/auditors")) == (403, "FORBIDDEN")
        assert api.as_user(admin).get("/auditors").status_code == 200

    def test_a_key_needs_it_in_its_scope(self, api: Api, admin: User) -> None:
        narrow = key_for(admin, permissions=["tools:use"])
        assert code(api.with_token(narrow).get("/auditors")) == (403, "FORBIDDEN")
        assert api.with_token(key_for(admin)).get("/auditors").status_code == 200

    def test_a_changed_role_acts_at_once(self, api: Api, admin: User) -> None:
        client = api.as_user(admin)
        User.objects.update(role="user")
        assert code(client.get("/auditors")) == (403, "FORBIDDEN")

    def test_a_handler_that_declares_nothing_is_closed(self, api: Api, alice: User, admin: User) -> None:
        assert code(api.delete("/members")) == (401, "AUTH_REQUIRED")
        assert code(api.as_user(admin).delete("/members")) == (403, "FORBIDDEN")

    def test_head_is_as_get_and_other_methods_are_405(self, api: Api, alice: User) -> None:
        assert api.head("/members").status_code == 401
        assert api.as_user(alice).head("/members").status_code == 200
        assert api.patch("/members").status_code == 405
        assert api.options("/members").status_code == 200

    def test_who_called_is_recorded(self, api: Api, admin: User) -> None:
        answer = api.with_token(key_for(admin)).get("/auditors")
        entry = AuditEntry.objects.get(action="SEEN")
        assert entry.user == admin
        assert str(entry.request_id) == answer["X-Request-Id"]


class TestPendingPasswordChange:
    @pytest.fixture(autouse=True)
    def pending(self, alice: User) -> None:
        User.objects.update(must_change_password=True)

    def test_a_session_gets_nothing_but_the_change(self, api: Api, alice: User) -> None:
        client = api.as_user(alice)
        assert code(client.get("/members")) == (403, "MUST_CHANGE_PASSWORD")
        assert client.put("/members").status_code == 200
        assert client.get("/open").status_code == 200

    def test_so_does_a_cookie(self, api: Api, alice: User) -> None:
        assert code(by_cookie(api, alice).get("/members")) == (403, "MUST_CHANGE_PASSWORD")

    def test_a_key_passes(self, api: Api, alice: User) -> None:
        assert api.with_token(key_for(alice)).get("/members").status_code == 200

    def test_it_can_be_turned_off(self, api: Api, alice: User, settings: Settings) -> None:
        settings.SKIP_MUST_CHANGE_PASSWORD = True
        assert api.as_user(alice).get("/members").status_code == 200


class TestDisabled:
    @pytest.mark.parametrize("kind", ["session", "key", "cookie"])
    def test_somebody_disabled_is_told_so(self, api: Api, alice: User, kind: str) -> None:
        client = {
            "session": lambda: api.as_user(alice),
            "key": lambda: api.with_token(key_for(alice)),
            "cookie": lambda: by_cookie(api, alice),
        }[kind]()
        User.objects.update(is_active=False)
        assert code(client.get("/members")) == (403, "USER_DISABLED")
        assert client.get("/open").json() == {"kind": "anonymous", "username": "", "upload": ""}


class TestEnded:
    def test_a_deleted_session_stops_at_once(self, api: Api, alice: User) -> None:
        client = api.as_user(alice)
        Session.objects.all().delete()
        assert code(client.get("/members")) == (401, "AUTH_REQUIRED")

    def test_the_credentials_of_a_deleted_user_stop_at_once(self, api: Api, alice: User) -> None:
        session, key = api.as_user(alice), api.with_token(key_for(alice))
        alice.delete()
        assert code(session.get("/members")) == (401, "AUTH_REQUIRED")
        assert code(key.get("/members")) == (401, "AUTH_REQUIRED")

    def test_an_expired_key_is_nobody(self, api: Api, alice: User) -> None:
        client = api.with_token(key_for(alice))
        ApiKey.objects.update(expires_at=timezone.now())
        assert code(client.get("/members")) == (401, "AUTH_REQUIRED")


class TestWithoutAuthentication:
    @pytest.fixture(autouse=True)
    def off(self, settings: Settings) -> None:
        settings.AUTH_ENABLED = False

    def test_everybody_is_the_anonymous_admin(self, api: Api) -> None:
        assert api.get("/members").json()["username"] == "anonymous"
        assert api.get("/auditors").status_code == 200
        assert AuditEntry.objects.get().actor_username == "anonymous"

    @pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://testserver:8080", "null", ""])
    def test_a_page_of_another_site_changes_nothing(self, api: Api, origin: str) -> None:
        assert code(api.put("/members", HTTP_ORIGIN=origin)) == (403, "CSRF_FAILED")
        assert api.get("/members", HTTP_ORIGIN=origin).status_code == 200

    def test_our_own_pages_and_those_that_are_welcome_do(self, api: Api, settings: Settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://friend.example"]
        settings.CSRF_TRUSTED_ORIGINS = ["https://otter.example"]
        for origin in ("http://testserver", "https://friend.example", "https://otter.example"):
            assert api.put("/members", HTTP_ORIGIN=origin).status_code == 200
        settings.CORS_ALLOW_ALL_ORIGINS = True
        assert api.put("/members", HTTP_ORIGIN="https://elsewhere.example").status_code == 200

    def test_tokens_are_ignored(self, api: Api, alice: User) -> None:
        assert api.as_user(alice).get("/members").json()["username"] == "anonymous"

    def test_a_key_made_in_the_open_does_not_outlive_it(self, api: Api, settings: Settings) -> None:
        api.get("/members")
        key = key_for(User.objects.get())
        settings.AUTH_ENABLED = True
        from accounts.bootstrap import ensure_first_run

        ensure_first_run()
        assert code(api.with_token(key).get("/auditors")) == (403, "USER_DISABLED")
