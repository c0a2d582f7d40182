"""`/api/v1/settings`."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from accounts import settings_services
from accounts.models import Role, User
from accounts.settings_services import settings_change
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import Api, create_user
from snapotter.api import runtime
from snapotter.runtime import registry, services, store
from snapotter.runtime.definition import MASK, Definition
from snapotter.runtime.kinds import Text
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import APP_NAME

pytestmark = pytest.mark.django_db
URL = "/api/v1/settings"


def put(client: Api, values: Any) -> Any:
    return client.put(URL, values, format="json")


def with_definition(monkeypatch: pytest.MonkeyPatch, definition: Definition[Any]) -> None:
    everything = {**registry.DEFINITIONS, definition.name: definition}
    for module in (services, settings_services, runtime):
        monkeypatch.setattr(module, "DEFINITIONS", everything)


def recorded() -> list[Any]:
    """The `changes` of each entry."""
    entries = AuditEntry.objects.filter(action="SETTINGS_UPDATED").order_by("seq")
    return [(entry.details or {})["changes"] for entry in entries]


class TestRead:
    def test_every_value_is_a_string(self, api: Api, alice: User) -> None:
        store.forget()
        values = api.as_user(alice).get(URL).json()["settings"]
        assert values["appName"] == "SnapOtter"
        assert values["disabledTools"] == "[]"
        assert len(values["instance_id"]) == 36
        assert all(isinstance(value, str) for value in values.values())

    def test_one_says_when_it_was_changed(self, api: Api, admin: User) -> None:
        client = api.as_user(admin)
        assert client.get(f"{URL}/appName").json() == {
            "key": "appName",
            "value": "SnapOtter",
            "updatedAt": None,
        }
        put(client, {"appName": "Holt"})
        body = client.get(f"{URL}/appName").json()
        assert body["value"] == "Holt"
        assert body["updatedAt"].endswith("Z")

    def test_one_that_is_none_is_not_found(self, api: Api, alice: User) -> None:
        answer = api.as_user(alice).get(f"{URL}/teapot")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")

    def test_a_visitor_and_who_may_not_read_are_refused(self, api: Api) -> None:
        Role.objects.create(name="painter", permissions=["tools:use"])
        painter = api.as_user(create_user("painter", role="painter"))
        for address in (URL, f"{URL}/appName"):
            assert api.get(address).status_code == 401
            assert painter.get(address).status_code == 403

    def test_the_list_costs_one_query_besides_the_session(
        self, api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = api.as_user(alice)
        client.get(URL)  # reserves what the limit of this operation allows next
        store.forget()
        with django_assert_num_queries(2):
            client.get(URL)


class TestChange:
    def test_it_acts_at_once_and_says_how_many(self, api: Api, admin: User) -> None:
        answer = put(api.as_user(admin), {"appName": "Holt", "defaultTheme": "dark"})
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "updatedCount": 2})
        assert "Holt" in api.get("/login").content.decode()
        assert 'data-theme="dark"' in api.get("/login").content.decode()

    def test_what_is_no_string_is_taken_as_json(self, api: Api, admin: User) -> None:
        put(api.as_user(admin), {"disabledTools": ["crop", "resize"]})
        assert Setting.objects.get(key="disabledTools").value == '["crop", "resize"]'
        put(api.as_user(admin), {"disabledTools": '["crop"]'})
        assert Setting.objects.get(key="disabledTools").value == '["crop"]'

    def test_it_is_recorded_by_name(self, api: Api, admin: User) -> None:
        put(api.as_user(admin), {"defaultTheme": "dark", "appName": "Holt"})
        entry = AuditEntry.objects.get(action="SETTINGS_UPDATED")
        assert (entry.actor_id, entry.target_type) == (admin.pk, "setting")
        assert entry.details == {
            "adminId": str(admin.pk),
            "username": "admin",
            "keys": ["appName", "defaultTheme"],
            "changes": {"appName": ["SnapOtter", "Holt"], "defaultTheme": ["system", "dark"]},
        }

    def test_what_was_so_before_is_no_change(self, api: Api, admin: User) -> None:
        put(api.as_user(admin), {"defaultTheme": "system"})
        assert recorded() == [{}]

    def test_a_long_value_is_recorded_by_its_beginning(self, api: Api, admin: User) -> None:
        put(api.as_user(admin), {"disabledTools": [f"tool-{number}" for number in range(900)]})
        old, new = recorded()[0]["disabledTools"]
        assert (old, new[:10], len(new)) == ("[]", '["tool-0",', 501)

    def test_nothing_to_change_changes_and_records_nothing(self, api: Api, admin: User) -> None:
        assert put(api.as_user(admin), {}).json() == {"ok": True, "updatedCount": 0}
        assert not AuditEntry.objects.filter(action="SETTINGS_UPDATED").exists()

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"appName": "Holt", "teapot": "1"}, "UNKNOWN_SETTING"),
            ({"appName": "Holt", "instance_id": "1"}, "READONLY_SETTING"),
            ({"appName": "Holt", "defaultTheme": "dim"}, "VALIDATION_ERROR"),
            ({"appName": "Holt", "disabledTools": True}, "VALIDATION_ERROR"),
            ({"appName": "Holt", "defaultTheme": None}, "VALIDATION_ERROR"),
            ({"appName": "Holt<script>"}, "VALIDATION_ERROR"),
            ({"appName": "Holt", "<b>": "x"}, "VALIDATION_ERROR"),
            ({"appName": "a</ \n>"}, "VALIDATION_ERROR"),
            ({"appName": "a\0"}, "VALIDATION_ERROR"),
            ({"appName": "Holt", "": "x"}, "VALIDATION_ERROR"),
            (["appName"], "VALIDATION_ERROR"),
        ],
    )
    def test_all_or_nothing(self, api: Api, admin: User, values: Any, code: str) -> None:
        answer = put(api.as_user(admin), values)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert not Setting.objects.filter(key="appName").exists()
        store.forget()
        assert store.get(APP_NAME) == "SnapOtter"

    def test_less_than_is_no_tag(self, api: Api, admin: User) -> None:
        assert put(api.as_user(admin), {"appName": "1 < 2 > 0"}).status_code == 200

    def test_a_megabyte_of_openings_is_judged_quickly(self, api: Api, admin: User) -> None:
        assert put(api.as_user(admin), {"appName": "<a" * 500_000}).status_code == 400

    def test_a_secret_given_as_its_mask_stays(
        self, api: Api, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_definition(monkeypatch, Definition("token", Text(60), str, "Tests", "Token", secret=True))
        client = api.as_user(admin)
        put(client, {"token": "hunter2", "appName": "Holt"})
        assert client.get(f"{URL}/token").json()["value"] == MASK
        assert put(client, {"token": MASK, "appName": "Drey"}).status_code == 200
        assert Setting.objects.get(key="token").value == "hunter2"
        assert Setting.objects.get(key="appName").value == "Drey"

    def test_a_secret_is_not_recorded(self, api: Api, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
        with_definition(monkeypatch, Definition("token", Text(60), str, "Tests", "Token", secret=True))
        put(api.as_user(admin), {"token": "hunter2"})
        put(api.as_user(admin), {"token": "hunter3"})
        assert recorded() == [{"token": ["", MASK]}, {"token": [MASK, MASK]}]

    def test_two_at_once_record_what_each_really_replaced(self, transactional_db: None, admin: User) -> None:
        def rename(name: str) -> Any:
            return settings_change(user=admin, values={"appName": name})

        assert together(lambda: rename("Holt"), lambda: rename("Drey")) == ["done", "done"]
        first, second = [changes["appName"] for changes in recorded()]
        assert first[0] == "SnapOtter"
        assert second[0] == first[1]

    def test_who_may_only_read_is_refused(self, api: Api, alice: User) -> None:
        assert put(api, {"appName": "Holt"}).status_code == 401
        assert put(api.as_user(alice), {"appName": "Holt"}).status_code == 403


class TestWhoMayChange:
    """A custom role may hold `settings:write`; what concerns security and compliance is for full admins."""

    @pytest.fixture
    def keeper(self, api: Api) -> Api:
        Role.objects.create(name="keeper", permissions=["settings:read", "settings:write"])
        return api.as_user(create_user("keeper", role="keeper"))

    @pytest.mark.parametrize(
        "key", ["loginAttemptLimit", "maxSessionsPerUser", "passwordMinLength", "auditToolOperations"]
    )
    def test_a_keeper_of_settings_is_refused_what_asks_for_more(self, keeper: Api, key: str) -> None:
        answer = put(keeper, {"appName": "Holt", key: "20"})
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert not Setting.objects.filter(key="appName").exists()

    def test_a_keeper_of_settings_changes_the_others(self, keeper: Api) -> None:
        assert put(keeper, {"appName": "Holt", "tempFileMaxAgeHours": 0.5}).status_code == 200

    def test_who_may_not_change_it_does_not_learn_what_is_valid(self, keeper: Api) -> None:
        assert put(keeper, {"loginAttemptLimit": "many"}).status_code == 403
        assert put(keeper, {"loginAttemptLimit": "many", "defaultTheme": "dim"}).status_code == 403

    def test_names_are_looked_at_first(self, keeper: Api) -> None:
        assert put(keeper, {"loginAttemptLimit": "1", "teapot": "1"}).json()["code"] == "UNKNOWN_SETTING"
        assert (
            put(keeper, {"loginAttemptLimit": "1", "instance_id": "1"}).json()["code"] == "READONLY_SETTING"
        )

    def test_a_key_for_settings_alone_does_not_reach_security(self, api: Api, admin: User) -> None:
        body = {"name": "night", "permissions": ["settings:write"]}
        key = api.as_user(admin).post("/api/v1/api-keys", body, format="json").json()["key"]
        assert put(api.with_token(key), {"appName": "Holt"}).status_code == 200
        assert put(api.with_token(key), {"maxSessionsPerUser": "1"}).status_code == 403


class TestLocale:
    URL = "/api/v1/config/locale"

    def test_everybody_may_ask_for_it(
        self, api: Api, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            answer = api.get(self.URL)
        assert (answer.status_code, answer.json()) == (200, {"defaultLocale": "en"})

    def test_pages_are_marked_with_it(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(settings.LOCALES, "de", "Deutsch")
        Setting.objects.create(key="defaultLocale", value="de")
        store.forget()
        assert api.get(self.URL).json() == {"defaultLocale": "de"}
        assert '<html lang="de"' in api.get("/login").content.decode()

    def test_a_language_that_we_do_not_speak_is_refused(self, api: Api, admin: User) -> None:
        assert put(api.as_user(admin), {"defaultLocale": "xx"}).json()["code"] == "VALIDATION_ERROR"
        assert put(api.as_user(admin), {"defaultLocale": "en"}).status_code == 200
