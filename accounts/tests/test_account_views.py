"""The account page: one's own things, nobody else's, and no secret in sight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Session, User
from accounts.session_services import session_handle
from audit import context
from audit.context import RequestContext
from audit.models import AuditEntry
from audit.services import record
from conftest import client_of, create_user, session_of

pytestmark = pytest.mark.django_db

PAGES = ("/account", "/account/keys", "/account/keys/new", "/account/sessions", "/account/activity")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


def handle_of(client: Client) -> str:
    return session_handle(client.cookies["snapotter-session"].value)


@pytest.mark.parametrize("page", PAGES)
class TestDoor:
    def test_a_visitor_signs_in_first(self, client: Client, page: str) -> None:
        assert client.get(page)["Location"].startswith("/login?next=")

    def test_a_pending_password_change_comes_first(self, alice: User, page: str) -> None:
        User.objects.update(must_change_password=True)
        assert client_of(alice).get(page)["Location"].startswith("/change-password?next=")

    def test_nobody_keeps_a_copy(self, alice: User, page: str) -> None:
        answer = client_of(alice).get(page)
        assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)

    def test_without_sign_in_there_is_no_account(self, client: Client, settings: Settings, page: str) -> None:
        settings.AUTH_ENABLED = False
        answer = client.get(page)
        assert (answer.status_code, b"Sign-in is switched off" in answer.content) == (404, True)


@pytest.mark.parametrize(
    "target", ["/account/keys/1b4e28ba-2fa1-11d2-883f-0016d3cca427/delete", "/account/sessions/end-others"]
)
def test_what_changes_something_needs_a_form_of_ours(alice: User, target: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["snapotter-session"] = session_of(alice).id
    assert client.get(target).status_code == 405
    assert client.post(target).status_code == 403


class TestProfile:
    def test_it_says_who_one_is_and_what_one_may(self, alice: User) -> None:
        User.objects.filter(pk=alice.pk).update(storage_used=1536, storage_quota=4096)
        page = client_of(alice).get("/account").content.decode()
        for text in ("alice", "Otters", "1.5\xa0KB of 4.0\xa0KB", "Use tools", "Own API keys"):
            assert text in page
        assert "Manage users" not in page

    def test_it_does_without_a_team_and_a_quota(self, alice: User) -> None:
        User.objects.filter(pk=alice.pk).update(team=None)
        page = client_of(alice).get("/account").content.decode()
        assert "0\xa0bytes used" in page


class TestSessions:
    def test_it_lists_ones_own_and_marks_this_one(self, alice: User, bob: User) -> None:
        Session.objects.filter(pk=session_of(alice).pk).update(user_agent=FIREFOX, ip_address="192.0.2.7")
        Session.objects.filter(pk=session_of(bob).pk).update(ip_address="192.0.2.8")
        page = client_of(alice).get("/account/sessions").content.decode()
        assert "Firefox on Linux" in page
        assert "192.0.2.7" in page
        assert "192.0.2.8" not in page
        assert page.count(">This one<") == 1

    def test_no_page_shows_an_id(self, alice: User) -> None:
        other = session_of(alice)
        client = client_of(alice)
        mine = client.cookies["snapotter-session"].value
        for page in PAGES:
            content = client.get(page).content.decode()
            assert mine not in content
            assert other.id not in content

    def test_its_queries_do_not_grow_with_the_sessions(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = client_of(alice)
        Session.objects.update(last_activity=timezone.now() - timedelta(seconds=30))
        for _ in range(60):
            session_of(alice)
        with django_assert_num_queries(3):
            page = client.get("/account/sessions").content.decode()
        assert "50 of 61 are shown" in page
        assert "This one" in page

    def test_what_expired_is_not_listed(self, alice: User) -> None:
        expired = session_of(alice)
        Session.objects.filter(pk=expired.pk).update(expires_at=timezone.now(), ip_address="192.0.2.9")
        assert "192.0.2.9" not in client_of(alice).get("/account/sessions").content.decode()

    def test_one_is_ended(self, alice: User) -> None:
        client, other = client_of(alice), client_of(alice)
        answer = client.post(f"/account/sessions/{handle_of(other)}/end", follow=True)
        assert "The session is ended." in answer.content.decode()
        assert other.get("/account")["Location"].startswith("/login")
        assert AuditEntry.objects.get().action == "SESSION_ENDED"

    @pytest.mark.parametrize("handle", ["0" * 16, "x", "x" * 5000, "%00", "é"])
    def test_one_that_is_not_there_is_not_found(self, alice: User, handle: str) -> None:
        assert client_of(alice).post(f"/account/sessions/{handle}/end").status_code == 404

    def test_somebody_elses_is_not_there(self, alice: User, admin: User) -> None:
        client = client_of(alice)
        assert client_of(admin).post(f"/account/sessions/{handle_of(client)}/end").status_code == 404
        assert client.get("/account").status_code == 200

    def test_this_one_is_ended_too_when_asked(self, alice: User) -> None:
        client = client_of(alice)
        answer = client.post(f"/account/sessions/{handle_of(client)}/end", follow=True)
        assert answer.redirect_chain[-1][0].startswith("/login")

    def test_all_others_are_ended(self, alice: User, bob: User) -> None:
        client, other, strangers = client_of(alice), client_of(alice), client_of(bob)
        answer = client.post("/account/sessions/end-others", follow=True)
        assert "Ended sessions: 1." in answer.content.decode()
        assert other.get("/account").status_code == 302
        assert strangers.get("/account").status_code == 200


class TestActivity:
    def entries(self, user: User, count: int) -> None:
        with context.use(RequestContext(ip_address="192.0.2.7")):
            for number in range(count):
                record("API_KEY_CREATED", actor=user, details={"keyName": f"key {number} of {user}"})

    def test_it_tells_what_one_did(self, alice: User, bob: User) -> None:
        self.entries(alice, 1)
        self.entries(bob, 1)
        page = client_of(alice).get("/account/activity").content.decode()
        for text in ("Created an API key", "key 0 of alice", "from 192.0.2.7"):
            assert text in page
        assert "of bob" not in page

    def test_older_ones_are_a_page_further(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        self.entries(alice, 21)
        client = client_of(alice)
        with django_assert_num_queries(2):
            page = client.get("/account/activity").content.decode()
        assert "key 1 of" in page
        assert "key 0 of" not in page
        oldest = AuditEntry.objects.order_by("seq")[1].seq
        assert f"?before={oldest}" in page
        older = client.get(f"/account/activity?before={oldest}").content.decode()
        assert "key 0 of" in older
        assert "Older" not in older

    @pytest.mark.parametrize("before", ["x", "-1", "1.5", "٣", "9" * 18, "9" * 5000, "%00"])
    def test_what_is_no_number_is_ignored(self, alice: User, before: str) -> None:
        self.entries(alice, 1)
        page = client_of(alice).get(f"/account/activity?before={before}")
        assert "key 0 of alice" in page.content.decode()

    def test_before_the_first_there_is_nothing(self, alice: User) -> None:
        self.entries(alice, 1)
        page = client_of(alice).get("/account/activity?before=0").content.decode()
        assert "There is nothing older." in page


class TestPassword:
    def test_it_says_before_what_it_ends(self, alice: User) -> None:
        page = client_of(alice).get("/change-password").content.decode()
        assert "Everywhere else you have to sign in again" in page
        assert 'aria-label="Account"' in page

    def test_a_forced_change_stands_alone(self, alice: User) -> None:
        User.objects.update(must_change_password=True)
        page = client_of(alice).get("/change-password").content.decode()
        assert "Choose your password" in page
        assert 'href="/account' not in page


def test_names_are_shown_as_they_are(db: Any) -> None:
    user = create_user("<b>bold</b>")
    page = client_of(user).get("/account").content.decode()
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_a_session_ends_while_its_page_is_open(alice: User) -> None:
    client = client_of(alice)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post("/account/sessions/end-others")["Location"] == "/login"
