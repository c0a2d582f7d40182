"""Sessions and keys of everybody in the admin site: seen, and ended by who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import revocation
from accounts.errors import EscalationDenied
from accounts.models import ApiKey, Session, User
from accounts.permissions import PERMISSIONS
from accounts.session_services import session_handle
from accounts.tests.people import create_manager, create_role, key_for
from audit.models import AuditEntry
from conftest import Api, client_of, create_user, session_of
from snapotter.common.errors import NotFound, PermissionRefused

pytestmark = pytest.mark.django_db
SESSIONS = "/admin/accounts/session/"
KEYS = "/admin/accounts/apikey/"


def end(client: Client, *sessions: Session) -> str:
    chosen = [session_handle(session.pk) for session in sessions]
    answer = client.post(SESSIONS, {"action": "end", "_selected_action": chosen}, follow=True)
    return answer.content.decode()


def revoke(client: Client, *keys: ApiKey) -> str:
    chosen = [str(key.pk) for key in keys]
    answer = client.post(KEYS, {"action": "revoke", "_selected_action": chosen}, follow=True)
    return answer.content.decode()


@pytest.fixture
def keeper(db: None) -> User:
    create_role(
        "keepers",
        "tools:use",
        "files:own",
        "apikeys:own",
        "pipelines:own",
        "settings:read",
        "apikeys:all",
        "audit:read",
    )
    return create_user("keeper", role="keepers")


class TestSessions:
    def test_an_administrator_ends_one(self, admin: User, alice: User, api: Api) -> None:
        session, other = session_of(alice), session_of(alice)
        assert "Sessions ended: 1." in end(client_of(admin), session)
        assert api.with_token(session.pk).get("/api/auth/session").status_code == 401
        assert api.with_token(other.pk).get("/api/auth/session").status_code == 200
        entry = AuditEntry.objects.get(action="SESSION_ENDED")
        assert (entry.actor_username, entry.target_id) == ("admin", str(alice.pk))

    def test_its_key_is_on_no_page(self, admin: User, alice: User) -> None:
        session = session_of(alice)
        client = client_of(admin)
        page = client.get(SESSIONS).content.decode()
        assert session_handle(session.pk) in page
        assert session.pk not in page
        for address in (f"{session.pk}/change/", f"{session.pk}/delete/", f"{session.pk}/history/", "add/"):
            assert client.get(f"{SESSIONS}{address}").status_code == 404

    def test_its_key_cannot_be_guessed_sign_by_sign(self, admin: User) -> None:
        first = session_of(admin).pk[0]
        client = client_of(create_manager())
        for lookup in ("id__startswith", "pk__gte", "user__sessions__id__startswith", "session_data"):
            assert client.get(SESSIONS, {lookup: first}).status_code == 400

    def test_a_key_of_a_row_instead_of_its_handle_ends_nothing(self, admin: User, alice: User) -> None:
        session = session_of(alice)
        client_of(admin).post(SESSIONS, {"action": "end", "_selected_action": [session.pk]})
        assert Session.objects.filter(pk=session.pk).exists()

    def test_a_manager_does_not_end_those_of_who_may_more(self, admin: User, alice: User) -> None:
        hers, theirs = session_of(alice), session_of(admin)
        page = end(client_of(create_manager()), hers, theirs)
        assert "Sessions ended: 1." in page
        assert "somebody who may do more than you" in page
        assert set(Session.objects.filter(user__in=[admin, alice])) == {theirs}

    def test_one_that_ended_meanwhile_is_no_error(self, admin: User, alice: User) -> None:
        session = session_of(alice)
        Session.objects.filter(pk=session.pk).delete()
        end(client_of(admin), session)
        assert not AuditEntry.objects.exists()

    def test_what_names_none_ends_none(self, admin: User) -> None:
        for wrong in ("\0", "zz"):
            answer = client_of(admin).post(SESSIONS, {"action": "end", "_selected_action": [wrong]})
            assert answer.status_code == 302

    def test_an_auditor_does_not_see_them(self, keeper: User) -> None:
        client = client_of(keeper)
        assert client.get(SESSIONS).status_code == 403
        assert client.post(SESSIONS, {"action": "end"}).status_code == 403

    def test_all_of_one_user_end_at_once(self, admin: User, alice: User, bob: User) -> None:
        session_of(alice), session_of(alice)
        kept = session_of(bob)
        assert revocation.sessions_revoke(caller=admin, user_id=alice.pk) == 2
        assert Session.objects.get() == kept
        assert AuditEntry.objects.filter(details__count=2).exists()
        with pytest.raises(EscalationDenied):
            revocation.sessions_revoke(caller=create_manager(), user_id=admin.pk)

    def test_a_page_costs_as_many_queries_as_one(
        self, admin: User, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(20):
            session_of(alice)
        client = client_of(admin)
        with django_assert_max_num_queries(3):  # who asks, how many there are, the sessions
            client.get(SESSIONS)


class TestKeys:
    def test_an_administrator_revokes_one(self, admin: User, alice: User, api: Api) -> None:
        key = key_for(alice, "tools:use")
        assert "Keys revoked: 1." in revoke(client_of(admin), ApiKey.objects.get())
        assert api.with_token(key).get("/api/auth/session").status_code == 401
        entry = AuditEntry.objects.get(action="API_KEY_DELETED", details__username="alice")
        assert entry.actor_username == "admin"

    def test_what_is_no_id_is_a_bad_request(self, admin: User) -> None:
        for wrong in ("\0", "zz"):
            answer = client_of(admin).post(KEYS, {"action": "revoke", "_selected_action": [wrong]})
            assert answer.status_code == 400

    def test_its_hash_cannot_be_guessed_sign_by_sign(self, admin: User) -> None:
        assert client_of(admin).get(KEYS, {"key_hash__startswith": "scrypt"}).status_code == 400
        assert client_of(admin).get(KEYS, {"state": "endless"}).status_code == 200

    @pytest.mark.parametrize(
        ("permissions", "text"), [(None, "Everything its owner may"), ([], "Nothing"), (["x"], "x")]
    )
    def test_its_scope_is_told_as_it_acts(
        self, admin: User, permissions: list[str] | None, text: str
    ) -> None:
        ApiKey.objects.create(user=admin, name="key", permissions=permissions)
        assert f'class="field-scope">{text}<' in client_of(admin).get(KEYS).content.decode()

    def test_its_hash_is_on_no_page(self, admin: User, alice: User) -> None:
        key_for(alice, "tools:use")
        row = ApiKey.objects.get()
        client = client_of(admin)
        for address in (KEYS, f"{KEYS}{row.pk}/change/"):
            page = client.get(address).content.decode()
            assert "alice" in page
            assert row.key_hash not in page

    def test_nobody_revokes_those_of_who_may_more(self, admin: User, alice: User, keeper: User) -> None:
        key_for(admin, "tools:use")
        key_for(alice, "tools:use")
        page = revoke(client_of(keeper), *ApiKey.objects.all())
        assert "Keys revoked: 1." in page
        assert "somebody who may do more than you" in page
        assert ApiKey.objects.get().user == admin

    def test_nobody_writes_one_here(self, admin: User, alice: User) -> None:
        key_for(alice, "tools:use")
        row, client = ApiKey.objects.get(), client_of(admin)
        assert client.post(f"{KEYS}add/", {"name": "x"}).status_code == 403
        assert client.post(f"{KEYS}{row.pk}/change/", {"name": "x"}).status_code == 403
        assert client.post(f"{KEYS}{row.pk}/delete/", {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize("lacking", ["apikeys:all"])
    def test_without_the_permission_they_are_not_there(self, alice: User, lacking: str) -> None:
        create_role("most", *(each for each in PERMISSIONS if each != lacking))
        key_for(alice, "tools:use")
        caller = create_user("most", role="most")
        assert client_of(caller).get(KEYS).status_code == 403
        with pytest.raises(PermissionRefused):
            revocation.api_key_revoke(caller=caller, key_id=ApiKey.objects.get().pk)

    def test_one_that_went_meanwhile_is_told(self, admin: User, alice: User) -> None:
        key_for(alice, "tools:use")
        row = ApiKey.objects.get()
        ApiKey.objects.all().delete()
        with pytest.raises(NotFound):
            revocation.api_key_revoke(caller=admin, key_id=row.pk)

    @pytest.mark.parametrize(("state", "names"), [("unused", 1), ("endless", 1), ("expired", 0)])
    def test_they_are_filtered_by_state(self, admin: User, alice: User, state: str, names: int) -> None:
        key_for(alice, "tools:use")
        answer: Any = client_of(admin).get(f"{KEYS}?state={state}")
        assert answer.context["cl"].result_count == names

    def test_its_history_is_what_the_audit_log_knows(self, admin: User, alice: User) -> None:
        key_for(alice, "tools:use")
        row, client = ApiKey.objects.get(), client_of(admin)
        assert f"{KEYS}{row.pk}/history/" in client.get(f"{KEYS}{row.pk}/change/").content.decode()
        answer: Any = client.get(f"{KEYS}{row.pk}/history/", follow=True)
        assert [entry.action for entry in answer.context["cl"].result_list] == ["API_KEY_CREATED"]
