from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiKey, User
from audit.models import AuditEntry
from conftest import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/api-keys"


def create(client: Api, **body: Any) -> Any:
    return client.post(URL, body, format="json")


def later(**delta: float) -> str:
    return (timezone.now() + timedelta(**delta)).isoformat()


class TestCreate:
    def test_it_shows_the_key_once(self, api: Api, alice: User) -> None:
        client = api.as_user(alice)
        answer = create(client, name="  nightly  ")
        assert answer.status_code == 201
        body = answer.json()
        assert set(body) == {"id", "key", "name", "permissions", "expiresAt", "createdAt"}
        assert re.fullmatch(r"si_[0-9a-f]{96}", body["key"])
        assert (body["name"], body["permissions"], body["expiresAt"]) == ("nightly", None, None)
        assert body["key"] not in client.get(URL).content.decode()

    @pytest.mark.parametrize("permissions", [["\ud800"], ["\0"], ["x" * 101], ["tools:use"] * 171])
    def test_it_neither_repeats_nor_keeps_permissions_without_end(
        self, api: Api, alice: User, permissions: list[str]
    ) -> None:
        body = json.dumps({"permissions": permissions})
        answer = api.as_user(alice).generic("POST", URL, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")

    def test_an_absent_body_makes_the_default_key(self, api: Api, alice: User) -> None:
        answer = api.as_user(alice).generic("POST", URL, "", content_type="application/json")
        assert answer.json()["name"] == "Default API Key"
        assert create(api.as_user(alice), name="  ").json()["name"] == "Default API Key"

    def test_order_and_duplicates_of_permissions_are_kept(self, api: Api, alice: User) -> None:
        listed = ["tools:use", "files:own", "tools:use"]
        assert create(api.as_user(alice), permissions=listed).json()["permissions"] == listed

    def test_no_permissions_are_all_of_the_role(self, api: Api, alice: User) -> None:
        assert create(api.as_user(alice), permissions=[]).json()["permissions"] is None

    def test_an_end_is_answered_in_utc(self, api: Api, alice: User) -> None:
        body = create(api.as_user(alice), expiresAt="2999-01-01T02:00:00+02:00").json()
        assert body["expiresAt"] == "2999-01-01T00:00:00.000Z"
        assert create(api.as_user(alice), expiresAt="2999-01-01").status_code == 201

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "x" * 101},
            {"name": " " * 101},
            {"name": 7},
            {"name": "\0"},
            {"name": "two\nlines"},
            {"name": "\u200b"},
            {"name": "nightly\u202eyek"},
            {"permissions": ["users:manage"]},
            {"permissions": ["no:such"]},
            {"permissions": "tools:use"},
            {"permissions": [7]},
            {"expiresAt": "tomorrow"},
            {"expiresAt": "2001-01-01"},
            {"expiresAt": "9999-12-31T23:59:59-12:00"},
            {"expiresAt": 7},
        ],
    )
    def test_it_refuses_what_is_not_valid(self, api: Api, alice: User, body: dict[str, Any]) -> None:
        answer = create(api.as_user(alice), **body)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert not ApiKey.objects.exists()

    def test_it_is_recorded(self, api: Api, alice: User) -> None:
        body = create(api.as_user(alice), name="nightly").json()
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.user, entry.target_type) == ("API_KEY_CREATED", alice, "api_key")
        assert entry.target_id == body["id"]
        assert entry.details == {"userId": str(alice.id), "keyId": body["id"], "keyName": "nightly"}


class TestByKey:
    """What a key can do about keys."""

    def scoped(self, api: Api, user: User, **body: Any) -> Api:
        return api.with_token(create(api.as_user(user), **body).json()["key"])

    def test_an_unlimited_key_makes_any_key_of_its_owner(self, api: Api, alice: User) -> None:
        assert create(self.scoped(api, alice)).status_code == 201

    def test_a_key_makes_none_wider_than_itself(self, api: Api, alice: User) -> None:
        client = self.scoped(api, alice, permissions=["apikeys:own", "tools:use"])
        assert create(client).json()["code"] == "ESCALATION_DENIED"
        assert create(client, permissions=[]).json()["code"] == "ESCALATION_DENIED"
        assert create(client, permissions=["files:own"]).json()["code"] == "VALIDATION_ERROR"
        assert create(client, permissions=["tools:use"]).status_code == 201

    def test_a_key_makes_none_that_lasts_longer(self, api: Api, alice: User) -> None:
        client = self.scoped(api, alice, expiresAt=later(hours=1))
        assert create(client).json()["code"] == "ESCALATION_DENIED"
        assert create(client, expiresAt=later(hours=2)).json()["code"] == "ESCALATION_DENIED"
        assert create(client, expiresAt=later(minutes=30)).status_code == 201

    def test_a_key_without_the_permission_cannot_see_keys(self, api: Api, alice: User) -> None:
        client = self.scoped(api, alice, permissions=["tools:use"])
        assert client.get(URL).json()["code"] == "FORBIDDEN"
        assert create(client).json()["code"] == "FORBIDDEN"
        assert client.delete(f"{URL}/{ApiKey.objects.get().id}").json()["code"] == "FORBIDDEN"

    def test_an_admin_key_that_is_limited_sees_only_its_owners_keys(
        self, api: Api, alice: User, admin: User
    ) -> None:
        create(api.as_user(alice))
        client = self.scoped(api, admin, permissions=["apikeys:own"])
        assert len(client.get(URL).json()["apiKeys"]) == 1

    def test_a_key_of_somebody_demoted_shrinks(self, api: Api, admin: User) -> None:
        client = self.scoped(api, admin, permissions=["apikeys:own", "apikeys:all"])
        User.objects.filter(pk=admin.pk).update(role="user")
        answer = create(client, permissions=["apikeys:all"])
        assert answer.json()["code"] == "VALIDATION_ERROR"

    def test_a_key_has_no_session(self, api: Api, alice: User) -> None:
        answer = self.scoped(api, alice).get("/api/auth/session")
        assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_REQUIRED")


class TestList:
    def test_it_shows_what_helps_to_tell_keys_apart(self, api: Api, alice: User) -> None:
        client = api.as_user(alice)
        key = create(client, permissions=["tools:use"]).json()
        api.with_token(key["key"]).get("/api/v1/config/auth")
        assert client.get(URL).json() == {
            "apiKeys": [
                {
                    "id": key["id"],
                    "name": "Default API Key",
                    "prefix": ApiKey.objects.get().key_prefix,
                    "permissions": ["tools:use"],
                    "createdAt": key["createdAt"],
                    "lastUsedAt": None,
                    "expiresAt": None,
                }
            ]
        }

    def test_it_shows_ones_own_and_an_admin_all(self, api: Api, alice: User, bob: User, admin: User) -> None:
        for user in (alice, bob):
            create(api.as_user(user), name=user.username)
        names = [key["name"] for key in api.as_user(alice).get(URL).json()["apiKeys"]]
        assert names == ["alice"]
        assert [key["name"] for key in api.as_user(admin).get(URL).json()["apiKeys"]] == ["bob", "alice"]

    def test_its_queries_do_not_grow_with_the_keys(
        self, api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = api.as_user(alice)
        ApiKey.objects.bulk_create(ApiKey(user=alice, name="x", key_hash="x") for _ in range(20))
        with django_assert_num_queries(3):  # the session, the count of the minute, the keys
            client.get(URL)

    def test_it_refuses_a_visitor(self, api: Api) -> None:
        assert api.get(URL).json()["code"] == "AUTH_REQUIRED"


class TestDelete:
    def test_the_key_stops_at_once(self, api: Api, alice: User) -> None:
        client = api.as_user(alice)
        key = create(client).json()
        by_key = api.with_token(key["key"])
        assert by_key.get(URL).status_code == 200
        assert client.delete(f"{URL}/{key['id']}").json() == {"ok": True}
        assert by_key.get(URL).status_code == 401
        entry = AuditEntry.objects.get(action="API_KEY_DELETED")
        assert entry.details == {"userId": str(alice.id), "keyId": key["id"], "keyName": key["name"]}

    def test_it_is_the_owners_alone(
        self, api: Api, alice: User, bob: User, admin: User, charlie: User
    ) -> None:
        key_id = create(api.as_user(alice)).json()["id"]
        for user in (bob, admin, charlie):
            answer = api.as_user(user).delete(f"{URL}/{key_id}")
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert ApiKey.objects.exists()

    @pytest.mark.parametrize("key_id", [str(uuid.uuid4()), "x", "x" * 500, "%00"])
    def test_there_is_no_such_key(self, api: Api, alice: User, key_id: str) -> None:
        assert api.as_user(alice).delete(f"{URL}/{key_id}").status_code == 404
