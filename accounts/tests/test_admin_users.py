"""Users in the admin site: the same services, and so the same guards, as through REST."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.bootstrap import ensure_first_run
from accounts.models import ApiKey, Session, Team, User
from accounts.tests.admin_forms import chosen, errors, save
from accounts.tests.people import create_manager, create_role, key_for
from audit.models import AuditEntry
from conftest import PASSWORD, client_of, create_user, session_of

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"
ADD = f"{USERS}add/"
ESCALATION = "You cannot give a role that may do more than you."


def page_of(user: User, page: str = "change") -> str:
    return f"{USERS}{user.pk}/{page}/"


def actions_about(user: User) -> list[str]:
    return list(AuditEntry.objects.filter(target_id=str(user.pk)).values_list("action", flat=True))


def test_the_own_password_is_changed_where_the_current_one_is_asked_for(admin: User, alice: User) -> None:
    client = client_of(admin)
    own, others = (client.get(page_of(user)).content.decode() for user in (admin, alice))
    assert "Reset password" in others
    assert "Reset password" not in own
    assert 'href="/change-password"' in own


class TestNew:
    def test_an_administrator_makes_one(self, admin: User, team: Team) -> None:
        answer = save(
            client_of(admin), ADD, username="dora", password=PASSWORD, team=str(team.pk), role="editor"
        )
        dora = User.objects.get(username="dora")
        assert (dora.role_id, dora.team, dora.must_change_password) == ("editor", team, True)
        assert dora.check_password(PASSWORD)
        assert PASSWORD not in answer.content.decode()
        assert actions_about(dora) == ["USER_CREATED"]

    def test_one_stays_on_the_page_of_the_newcomer(self, admin: User) -> None:
        answer = save(client_of(admin), ADD, username="dora", password=PASSWORD, _continue="yes")
        assert answer.redirect_chain == [(page_of(User.objects.get(username="dora")), 302)]

    def test_role_and_team_are_those_of_newcomers_at_first(self, admin: User) -> None:
        save(client_of(admin), ADD, username="dora", password=PASSWORD)
        dora = User.objects.select_related("team").get(username="dora")
        assert dora.team is not None
        assert (dora.role_id, dora.team.name) == ("user", "Default")

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"username": "x"}, "username"),
            ({"username": "alice"}, "username"),
            ({"username": "a" * 256}, "username"),
            ({"username": "do\0ra"}, "username"),
            ({"password": "short"}, "password"),
            ({"password": None}, "password"),
            ({"password": "x" * 2000}, "password"),
            ({"role": "no such role"}, "role"),
            ({"team": "no such team"}, "team"),
        ],
    )
    def test_a_mistake_is_told_at_its_field(
        self, admin: User, alice: User, typed: dict[str, Any], field: str
    ) -> None:
        answer = save(client_of(admin), ADD, **{"username": "dora", "password": PASSWORD} | typed)
        assert list(errors(answer)) == [field]
        assert not User.objects.filter(username="dora").exists()

    def test_nobody_gives_a_role_beyond_the_own(self, db: None) -> None:
        answer = save(client_of(create_manager()), ADD, username="dora", password=PASSWORD, role="admin")
        assert errors(answer) == {"role": [ESCALATION]}


class TestChange:
    def test_role_team_and_quota(self, admin: User, alice: User) -> None:
        session_of(alice)
        default = Team.objects.get(name="Default")
        save(client_of(admin), page_of(alice), role="editor", team=str(default.pk), storage_quota="500 MB")
        alice.refresh_from_db()
        assert (alice.role_id, alice.team, alice.storage_quota) == ("editor", default, 500 * 2**20)
        assert not alice.sessions.exists()
        entry = AuditEntry.objects.get(action="USER_UPDATED")
        assert (entry.actor_username, entry.target_id) == ("admin", str(alice.pk))

    def test_the_door_is_shut_and_opened(self, admin: User, alice: User) -> None:
        client = client_of(admin)
        save(client, page_of(alice), is_active=None)
        assert not User.objects.get(pk=alice.pk).is_active
        save(client, page_of(alice), is_active="on")
        assert User.objects.get(pk=alice.pk).is_active

    def test_saving_untouched_changes_nothing(self, admin: User, alice: User) -> None:
        save(client_of(admin), page_of(alice))
        assert not AuditEntry.objects.exists()

    def test_what_somebody_else_changed_meanwhile_stays(self, admin: User, alice: User) -> None:
        client = client_of(admin)
        late = {
            "role": "user",
            "initial-role": "user",
            "team": str(alice.team_id),
            "initial-team": str(alice.team_id),
        }
        User.objects.filter(pk=alice.pk).update(role_id="editor")
        seen = {"is_active": "on", "initial-is_active": "True", "initial-storage_quota": ""}
        client.post(page_of(alice), {**late, **seen, "storage_quota": "1 GB"})
        alice.refresh_from_db()
        assert (alice.role_id, alice.storage_quota) == ("editor", 2**30)

    @pytest.mark.parametrize("typed", [{"role": "user"}, {"is_active": None}])
    def test_nobody_takes_the_own_rights_away(self, admin: User, typed: dict[str, Any]) -> None:
        create_user("second", role="admin")
        answer = save(client_of(admin), page_of(admin), **typed)
        assert errors(answer) == {
            next(iter(typed)): ["You cannot take your own rights away; somebody else can."]
        }

    def test_the_last_administrator_stays(self, admin: User, settings: Settings) -> None:
        """Whoever is signed in as one is another; without sign-in everybody may administer."""
        settings.AUTH_ENABLED = False
        ensure_first_run()
        said = ["This is the last administrator; make another one first."]
        assert errors(save(Client(), page_of(admin), role="user")) == {"role": said}
        assert errors(save(Client(), page_of(admin), is_active=None)) == {"is_active": said}
        answer = Client().post(page_of(admin, "delete"), {"post": "yes"}, follow=True)
        assert said[0] in answer.content.decode()
        assert User.objects.get(pk=admin.pk).role_id == "admin"

    def test_nobody_gives_a_role_beyond_the_own(self, alice: User) -> None:
        answer = save(client_of(create_manager()), page_of(alice), role="editor")
        assert errors(answer) == {"role": [ESCALATION]}

    def test_who_may_do_more_is_shown_only(self, admin: User) -> None:
        client = client_of(create_manager())
        page = client.get(page_of(admin)).content.decode()
        assert "may do more than you" in page
        assert "<select" not in page
        assert "/admin/accounts/team/" not in page
        for address in (page_of(admin), page_of(admin, "password"), page_of(admin, "end-sessions")):
            assert client.post(address, {"role": "user", "password": PASSWORD}).status_code == 403
        assert client.post(page_of(admin, "delete"), {"post": "yes"}).status_code == 403
        assert not AuditEntry.objects.exists()

    def test_a_page_leads_to_what_is_known_of_the_user(self, admin: User, alice: User) -> None:
        key_for(alice, "tools:use")
        key_for(admin, "tools:use")
        page = client_of(admin).get(page_of(alice)).content.decode()
        assert 'href="/access?user=alice"' in page
        assert f'href="/admin/audit/auditentry/?actor_id={alice.pk}"' in page
        keys: Any = client_of(admin).get(f"/admin/accounts/apikey/?user={alice.pk}")
        assert [key.user for key in keys.context["cl"].result_list] == [alice]
        assert f'href="/admin/accounts/apikey/?user={alice.pk}"' in page
        assert f'href="/admin/accounts/session/?user={alice.pk}"' in page

    def test_the_last_sign_in_is_told_as_other_times_are(self, admin: User, alice: User) -> None:
        User.objects.filter(pk=alice.pk).update(last_login=datetime(2026, 11, 24, 8, 5, 7, 8, UTC))
        client = client_of(admin)
        assert "2026-11-24 08:05:07 UTC" in client.get(page_of(alice)).content.decode()
        assert "2026-11-24 08:05:07 UTC" in client.get(USERS).content.decode()

    def test_a_manager_is_led_only_where_a_manager_may_go(self, alice: User) -> None:
        page = client_of(create_manager()).get(page_of(alice)).content.decode()
        assert "/admin/accounts/session/?user=" in page
        assert "/admin/accounts/apikey/?user=" not in page
        assert "/admin/audit/auditentry/?actor_id=" not in page


class TestPassword:
    def test_a_new_one_ends_sessions_and_keys(self, admin: User, alice: User) -> None:
        session_of(alice)
        key_for(alice, "tools:use")
        answer = client_of(admin).post(page_of(alice, "password"), {"password": PASSWORD}, follow=True)
        assert "alice has a new password" in answer.content.decode()
        alice.refresh_from_db()
        assert alice.check_password(PASSWORD)
        assert alice.must_change_password
        assert not Session.objects.filter(user=alice).exists()
        assert not ApiKey.objects.exists()
        assert "PASSWORD_RESET" in actions_about(alice)

    @pytest.mark.parametrize("password", ["", "short", "x" * 2000, "a\0bcdefghijk"])
    def test_a_weak_one_is_told_at_the_field(self, admin: User, alice: User, password: str) -> None:
        answer = client_of(admin).post(page_of(alice, "password"), {"password": password})
        assert list(errors(answer)) == ["password"]
        assert not AuditEntry.objects.exists()

    def test_all_sessions_end(self, admin: User, alice: User, bob: User) -> None:
        session_of(alice), session_of(alice), session_of(bob)
        answer = client_of(admin).post(page_of(alice, "end-sessions"), follow=True)
        assert "Sessions ended: 2." in answer.content.decode()
        assert list(Session.objects.exclude(user=admin).values_list("user__username", flat=True)) == ["bob"]
        assert actions_about(alice) == ["SESSIONS_ENDED"]
        assert client_of(admin).get(page_of(alice, "end-sessions")).status_code == 405

    def test_the_own_one_is_not_reset(self, admin: User) -> None:
        answer = client_of(admin).post(page_of(admin, "password"), {"password": PASSWORD})
        assert "You cannot reset your own password" in answer.content.decode()
        assert not User.objects.get(pk=admin.pk).check_password(PASSWORD)

    def test_of_nobody(self, admin: User, alice: User) -> None:
        address = page_of(alice, "password")
        User.objects.filter(pk=alice.pk).delete()
        assert client_of(admin).get(address).status_code == 404


class TestDeletion:
    def test_it_tells_first_what_goes_along(self, admin: User, alice: User) -> None:
        session_of(alice)
        key_for(alice, "tools:use")
        User.objects.filter(pk=alice.pk).update(storage_used=3 * 2**20)
        client = client_of(admin)
        page = client.get(page_of(alice, "delete")).content.decode()
        assert "sessions: 1" in page
        assert "API keys: 1" in page
        assert "files: 3.0\xa0MB" in page
        client.post(page_of(alice, "delete"), {"post": "yes"})
        assert not User.objects.filter(pk=alice.pk).exists()
        assert "USER_DELETED" in actions_about(alice)

    def test_nobody_deletes_oneself(self, admin: User) -> None:
        page = client_of(admin).post(page_of(admin, "delete"), {"post": "yes"}, follow=True).content.decode()
        assert "You cannot delete yourself." in page
        assert User.objects.filter(pk=admin.pk).exists()


class TestSeveral:
    def test_they_are_disabled_and_enabled(self, admin: User, alice: User, bob: User) -> None:
        client = client_of(admin)
        assert "Disabled: 2." in chosen(client, USERS, "disable", alice, bob)
        assert User.objects.filter(is_active=False).count() == 2
        assert "Enabled: 1." in chosen(client, USERS, "enable", bob)
        assert AuditEntry.objects.filter(action="USER_UPDATED").count() == 3

    def test_they_move_to_a_team(self, admin: User, alice: User, charlie: User, team: Team) -> None:
        page = chosen(client_of(admin), USERS, "move", alice, charlie, team=str(team.pk))
        assert "Moved to Otters: 2." in page
        assert charlie in team.members.all()

    @pytest.mark.parametrize(
        ("place", "said"),
        [
            ("", "Choose the team to move them to."),
            ("no such team", "No action selected."),
            ("00000000-0000-4000-8000-00000000ffff", "No action selected."),
        ],
    )
    def test_they_move_nowhere_without_one(self, admin: User, alice: User, place: str, said: str) -> None:
        assert said in chosen(client_of(admin), USERS, "move", alice, team=place)
        assert not AuditEntry.objects.exists()

    def test_their_sessions_end(self, admin: User, alice: User, bob: User) -> None:
        session_of(alice), session_of(bob)
        assert "All sessions ended of users: 2." in chosen(
            client_of(admin), USERS, "end_sessions", alice, bob
        )
        assert not Session.objects.exclude(user=admin).exists()

    def test_who_was_refused_is_told(self, admin: User, alice: User) -> None:
        page = chosen(client_of(create_manager()), USERS, "disable", alice, admin)
        assert "Disabled: 1." in page
        assert "You cannot manage somebody who may do more than you. (1)" in page
        page = chosen(client_of(admin), USERS, "disable", admin)
        assert "You cannot take your own rights away; somebody else can. (1)" in page
        assert User.objects.get(pk=admin.pk).is_active


class TestList:
    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("role=admin", {"admin"}),
            ("is_active=0", {"bob"}),
            ("is_active=1", {"admin", "alice"}),
            ("q=ALI", {"alice"}),
            ("q=ali&role=admin", set()),
        ],
    )
    def test_it_is_narrowed_down(
        self, admin: User, alice: User, bob: User, query: str, names: set[str]
    ) -> None:
        User.objects.filter(pk=bob.pk).update(is_active=False)
        answer: Any = client_of(admin).get(f"{USERS}?{query}")
        assert {user.username for user in answer.context["cl"].result_list} == names

    def test_it_is_narrowed_down_to_a_team(self, admin: User, alice: User, team: Team) -> None:
        answer: Any = client_of(admin).get(f"{USERS}?team={team.pk}")
        assert [user.username for user in answer.context["cl"].result_list] == ["alice"]

    @pytest.mark.parametrize("query", ["team=x", "is_active=x", "role=%00", "password__startswith=scrypt"])
    def test_nonsense_is_refused(self, admin: User, query: str) -> None:
        assert client_of(admin).get(f"{USERS}?{query}").status_code in (302, 400)

    def test_a_page_costs_the_same_for_one_as_for_many(
        self, admin: User, team: Team, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(20):
            create_user(f"user-{number}", team=team, storage_quota=2**30)
        client = client_of(admin)
        # Who asks, how many there are, the users; roles and teams to filter by; teams to move to
        with django_assert_num_queries(6):
            assert "of 1 GB" in client.get(USERS).content.decode()

    def test_without_the_permission_they_are_not_there(self, alice: User) -> None:
        create_role("rest", "teams:manage", "apikeys:all", "audit:read", "settings:write")
        client = client_of(create_user("rest", role="rest"))
        for address in (USERS, ADD, *(page_of(alice, page) for page in ("change", "delete", "password"))):
            assert client.get(address).status_code == 403
            assert client.post(address, {"post": "yes", "password": PASSWORD}).status_code == 403
        assert client.post(page_of(alice, "end-sessions")).status_code == 403
