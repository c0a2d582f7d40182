"""Changing, resetting and deleting users."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from accounts.models import ApiKey, Session, Team, User
from accounts.tests.people import create_manager, create_role, key_for, refusal
from audit.models import AuditEntry
from conftest import PASSWORD, Api, create_user, give_password, session_of
from library.models import UserFile
from processing.models import Job, Pipeline

pytestmark = pytest.mark.django_db
NEW = "Otter-8-dives"
NOBODY = [str(uuid.uuid4()), "x", "x" * 500, "%00"]


def url(user: User) -> str:
    return f"/api/auth/users/{user.pk}"


def put(client: Api, user: User, **body: Any) -> Any:
    return client.put(url(user), body, format="json")


def reset(client: Api, user: User, password: Any = NEW) -> Any:
    return client.post(f"{url(user)}/reset-password", {"newPassword": password}, format="json")


class TestUpdate:
    def test_another_role_acts_and_ends_the_sessions(self, api: Api, admin: User, alice: User) -> None:
        session, key = api.as_user(alice), key_for(alice)
        assert put(api.as_user(admin), alice, role="editor").json() == {"ok": True}
        assert User.objects.get(pk=alice.pk).role_id == "editor"
        assert session.get("/api/auth/session").status_code == 401
        assert api.with_token(key).get("/api/v1/api-keys").status_code == 200

    def test_the_same_role_or_another_team_ends_nothing(self, api: Api, admin: User, alice: User) -> None:
        session_of(alice)
        assert put(api.as_user(admin), alice, role="user", team=" Default ").status_code == 200
        assert User.objects.select_related("team").get(pk=alice.pk).team.name == "Default"  # type: ignore[union-attr]
        assert Session.objects.filter(user=alice).exists()

    @pytest.mark.parametrize("body", [{}, {"role": "no such"}, {"team": ""}, {"team": "  "}, {"role": None}])
    def test_what_says_nothing_changes_nothing(
        self, api: Api, admin: User, alice: User, body: dict[str, Any]
    ) -> None:
        assert put(api.as_user(admin), alice, **body).json() == {"ok": True}
        assert not AuditEntry.objects.filter(action="USER_UPDATED").exists()

    @pytest.mark.parametrize("body", [{"role": 7}, {"team": {}}, {"team": "no such"}, {"isActive": 1}])
    def test_it_refuses_what_is_not_valid(
        self, api: Api, admin: User, alice: User, body: dict[str, Any]
    ) -> None:
        assert refusal(put(api.as_user(admin), alice, **body)) == (400, "VALIDATION_ERROR")

    def test_an_unknown_team_leaves_the_role_alone(self, api: Api, admin: User, alice: User) -> None:
        put(api.as_user(admin), alice, role="editor", team="no such")
        assert User.objects.get(pk=alice.pk).role_id == "user"

    def test_a_disabled_user_is_out_at_once(self, api: Api, admin: User, alice: User) -> None:
        session, key = api.as_user(alice), key_for(alice)
        assert put(api.as_user(admin), alice, isActive=False).status_code == 200
        assert session.get("/api/auth/session").status_code == 401
        assert refusal(api.with_token(key).get("/api/v1/api-keys")) == (403, "USER_DISABLED")
        assert put(api.as_user(admin), alice, isActive=True).status_code == 200
        assert api.with_token(key).get("/api/v1/api-keys").status_code == 200

    @pytest.mark.parametrize("quota", [0, 1, 2**63 - 1, None])
    def test_a_quota_is_given_and_lifted(self, api: Api, admin: User, alice: User, quota: int | None) -> None:
        User.objects.filter(pk=alice.pk).update(storage_quota=7)
        session_of(alice)
        assert put(api.as_user(admin), alice, storageQuota=quota).status_code == 200
        assert put(api.as_user(admin), alice, team="Default").status_code == 200
        shown = api.as_user(admin).get("/api/auth/users").json()["users"]
        assert [item["storageQuota"] for item in shown if item["username"] == "alice"] == [quota]
        assert Session.objects.filter(user=alice).exists()
        entry = AuditEntry.objects.filter(action="USER_UPDATED").earliest("seq")
        assert entry.details is not None
        assert entry.details["changes"] == {"storageQuota": quota}

    @pytest.mark.parametrize("quota", [-1, 2**63, 10**400, 1.5, "7", True, []])
    def test_it_refuses_what_is_no_quota(self, api: Api, admin: User, alice: User, quota: Any) -> None:
        answer = put(api.as_user(admin), alice, role="editor", storageQuota=quota)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert User.objects.get(pk=alice.pk).role_id == "user"

    def test_nobody_demotes_or_disables_themselves(self, api: Api, admin: User) -> None:
        manager = create_manager()
        for user in (admin, manager):
            assert refusal(put(api.as_user(user), user, role="user")) == (400, "SELF_DEMOTE")
            assert refusal(put(api.as_user(user), user, isActive=False)) == (400, "SELF_DEMOTE")
        assert put(api.as_user(admin), admin, role="admin").status_code == 200

    @pytest.mark.parametrize("user_id", NOBODY)
    def test_there_is_no_such_user(self, api: Api, admin: User, user_id: str) -> None:
        client, address = api.as_user(admin), f"/api/auth/users/{user_id}"
        assert refusal(client.put(address, {}, format="json")) == (404, "NOT_FOUND")
        assert refusal(client.put(address, {"role": 7}, format="json")) == (400, "VALIDATION_ERROR")

    def test_it_is_recorded_with_the_real_actor(self, api: Api, admin: User, alice: User, team: Team) -> None:
        put(api.as_user(admin), alice, role="editor", team="Default")
        entry = AuditEntry.objects.get(action="USER_UPDATED")
        assert (entry.user, entry.target_id) == (admin, str(alice.pk))
        moved = User.objects.get(pk=alice.pk)
        assert entry.details == {
            "adminId": str(admin.pk),
            "targetUserId": str(alice.pk),
            "changes": {"role": "editor", "team": str(moved.team_id)},
        }


class TestReset:
    def test_everything_of_the_user_ends(self, api: Api, admin: User, alice: User) -> None:
        session, key = api.as_user(give_password(alice)), key_for(alice)
        assert reset(api.as_user(admin), alice).json() == {"ok": True}
        assert session.get("/api/auth/session").status_code == 401
        assert api.with_token(key).get("/api/v1/api-keys").status_code == 401
        assert not ApiKey.objects.exists()

    def test_the_new_password_must_be_changed(self, api: Api, admin: User, alice: User) -> None:
        reset(api.as_user(admin), give_password(alice))
        for password, status in ((PASSWORD, 401), (NEW, 200)):
            answer = api.post("/api/auth/login", {"username": "alice", "password": password}, format="json")
            assert answer.status_code == status
        assert answer.json()["user"]["mustChangePassword"] is True

    @pytest.mark.parametrize("password", ["weak", "", 7, None, "Otter-8\0-dives"])
    def test_a_weak_password_is_told_before_a_wrong_id(self, api: Api, admin: User, password: Any) -> None:
        answer = api.as_user(admin).post(
            "/api/auth/users/x/reset-password", {"newPassword": password}, format="json"
        )
        assert refusal(answer) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("user_id", NOBODY)
    def test_there_is_no_such_user(self, api: Api, admin: User, user_id: str) -> None:
        answer = api.as_user(admin).post(
            f"/api/auth/users/{user_id}/reset-password", {"newPassword": NEW}, format="json"
        )
        assert refusal(answer) == (404, "NOT_FOUND")

    def test_nobody_gets_around_the_own_password(self, api: Api, admin: User, alice: User) -> None:
        for client in (api.as_user(admin), api.with_token(key_for(admin))):
            assert refusal(reset(client, admin)) == (400, "SELF_RESET")
            assert reset(client, alice).status_code == 200

    def test_it_is_recorded_with_the_real_actor(self, api: Api, admin: User, alice: User) -> None:
        reset(api.as_user(admin), alice)
        entry = AuditEntry.objects.get(action="PASSWORD_RESET")
        assert (entry.user, entry.target_id) == (admin, str(alice.pk))
        assert entry.details == {
            "adminId": str(admin.pk),
            "targetUserId": str(alice.pk),
            "targetUsername": "alice",
        }


class TestDelete:
    def test_everything_of_the_user_goes_but_the_jobs(self, api: Api, admin: User, alice: User) -> None:
        session_of(alice)
        key_for(alice)
        Pipeline.objects.create(name="Thumbnails", user=alice)
        UserFile.objects.create(user=alice, original_name="a", stored_name="a", mime_type="image/png", size=1)
        job = Job.objects.create(type="resize", user=alice)
        assert api.as_user(admin).delete(url(alice)).json() == {"ok": True}
        for model in (ApiKey, Pipeline, UserFile, Session):
            assert not model.objects.filter(user=alice.pk).exists()
        assert not User.objects.filter(pk=alice.pk).exists()
        job.refresh_from_db()
        assert job.user is None

    def test_oneself_is_told_first(self, api: Api, admin: User) -> None:
        assert refusal(api.as_user(admin).delete(url(admin))) == (400, "SELF_DELETE")

    @pytest.mark.parametrize("user_id", NOBODY)
    def test_there_is_no_such_user(self, api: Api, admin: User, user_id: str) -> None:
        answer = api.as_user(admin).delete(f"/api/auth/users/{user_id}")
        assert refusal(answer) == (404, "NOT_FOUND")

    def test_an_admin_deletes_another_one(self, api: Api, admin: User) -> None:
        assert api.as_user(admin).delete(url(create_user("second", role="admin"))).status_code == 200

    def test_what_the_user_did_stays_recorded(self, api: Api, admin: User, alice: User) -> None:
        key_for(alice)
        api.as_user(admin).delete(url(alice))
        entry = AuditEntry.objects.get(action="USER_DELETED")
        assert (entry.user, entry.target_id) == (admin, str(alice.pk))
        assert entry.details == {
            "adminId": str(admin.pk),
            "deletedUserId": str(alice.pk),
            "deletedUsername": "alice",
        }
        assert AuditEntry.objects.get(action="API_KEY_CREATED").actor_username == "alice"


class TestEscalation:
    def attempts(self, client: Api, user: User) -> list[Any]:
        return [
            put(client, user, role="user"),
            put(client, user, team="Default"),
            put(client, user, isActive=False),
            reset(client, user),
            client.delete(url(user)),
        ]

    @pytest.mark.parametrize("role", ["admin", "editor"])
    def test_a_manager_touches_nobody_who_may_do_more(self, api: Api, role: str) -> None:
        above = create_user("above", role=role)
        for answer in self.attempts(api.as_user(create_manager()), above):
            assert refusal(answer) == (403, "ESCALATION_DENIED")

    def test_a_manager_gives_nobody_more_than_it_has(self, api: Api, alice: User) -> None:
        client = api.as_user(create_manager())
        for role in ("admin", "editor"):
            assert refusal(put(client, alice, role=role)) == (403, "ESCALATION_DENIED")
        assert put(client, alice, role="managers").status_code == 200

    def test_an_escalation_is_told_before_a_self_demotion(self, api: Api) -> None:
        manager = create_manager()
        assert refusal(put(api.as_user(manager), manager, role="admin")) == (403, "ESCALATION_DENIED")

    def test_a_key_counts_for_its_scope_only(self, api: Api, admin: User, alice: User) -> None:
        client = api.with_token(key_for(admin, "users:manage"))
        for answer in self.attempts(client, alice):
            assert refusal(answer) == (403, "ESCALATION_DENIED")
        create_role("helpless")
        assert client.delete(url(create_user("dora", role="helpless"))).status_code == 200

    def test_editors_and_users_change_nobody(self, api: Api, alice: User, bob: User) -> None:
        for client, refused in (
            (api, (401, "AUTH_REQUIRED")),
            (api.as_user(bob), (403, "FORBIDDEN")),
            (api.as_user(create_user("eddy", role="editor")), (403, "FORBIDDEN")),
        ):
            for answer in self.attempts(client, alice):
                assert refusal(answer) == refused
