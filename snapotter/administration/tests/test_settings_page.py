"""The settings page: who sees and changes which, and two people at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.people import create_role
from audit.models import AuditEntry
from conftest import Api, client_of, create_user
from processing.tests.images import make_file
from snapotter.runtime import services, store
from snapotter.runtime.registry import (
    APP_NAME,
    CUSTOM_LOGO,
    DEFINITIONS,
    DISABLED_TOOLS,
    LOGIN_ATTEMPT_LIMIT,
    PASSWORD_MIN_LENGTH,
    PASSWORD_SPECIAL,
)

pytestmark = pytest.mark.django_db
PAGE = "/admin/settings/"


@pytest.fixture
def setter(db: None) -> Client:
    """May change settings, but not those of security."""
    create_role("setters", "settings:read", "settings:write")
    return client_of(create_user("setter", role="setters"))


@pytest.fixture
def boss(admin: User) -> Client:
    return client_of(admin)


def form_of(client: Client) -> dict[str, Any]:
    """What a browser sends when nothing was touched."""
    answer: Any = client.get(PAGE)
    assert answer.status_code == 200
    sent: dict[str, Any] = {}
    for _, fields in answer.context["form"].groups():
        for field in fields:
            sent[f"was-{field.name}"] = field.field.was
            if not field.field.disabled:
                sent[field.name] = field.value()
    return {name: value for name, value in sent.items() if value is not False}


def save(client: Client, **changes: Any) -> Any:
    form = form_of(client) | changes
    return client.post(PAGE, {name: value for name, value in form.items() if value is not None}, follow=True)


def errors(answer: Any) -> dict[str, list[str]]:
    return {name: list(messages) for name, messages in answer.context["form"].errors.items()}


def test_saving_untouched_changes_nothing(boss: Client) -> None:
    services.change({"disabledTools": '["rotate", "crop", "long-gone"]', "tempFileMaxAgeHours": "0.5"})
    assert "There was nothing to change." in save(boss).content.decode()
    assert not AuditEntry.objects.exists()


def test_a_change_acts_and_is_recorded(boss: Client) -> None:
    answer = save(boss, appName="Holt", passwordRequireSpecial="on", disabledTools=["crop"])
    assert "Changed: Name, Disabled tools, Require a special character." in answer.content.decode()
    assert (store.get(APP_NAME), store.get(PASSWORD_SPECIAL)) == ("Holt", True)
    assert store.get(DISABLED_TOOLS) == ("crop",)
    entry = AuditEntry.objects.get(action="SETTINGS_UPDATED")
    assert entry.details is not None
    assert entry.details["keys"] == ["appName", "disabledTools", "passwordRequireSpecial"]
    assert boss.get("/tools/image/crop").status_code == 404


def test_a_switch_is_turned_off_by_leaving_it_out(boss: Client) -> None:
    services.change({"passwordRequireSpecial": "true"})
    save(boss, passwordRequireSpecial=None)
    assert store.get(PASSWORD_SPECIAL) is False


def test_every_setting_that_is_written_by_people_has_a_field(boss: Client) -> None:
    assert {name for name in DEFINITIONS if f"was-{name}" in form_of(boss)} == DEFINITIONS.keys() - {
        CUSTOM_LOGO.name
    }


def test_the_page_asks_the_database_for_the_session_alone(
    boss: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        boss.get(PAGE)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("passwordMinLength", "7", "Must be a whole number from 8 to 128."),
        ("passwordMinLength", "many", "Must be a whole number from 8 to 128."),
        ("passwordMinLength", "", "Must be a whole number from 8 to 128."),
        ("appName", "x" * 61, "Must be 1 to 60 printable characters."),
        ("appName", "a\0b", "Must be 1 to 60 printable characters."),
        ("appName", "<script>", "Must not hold HTML."),
        ("defaultTheme", "purple", "Must be one of light, dark, system."),
        ("disabledTools", ["../etc"], 'Must be a JSON array of ids, like ["resize"].'),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_saved(
    boss: Client, name: str, value: Any, message: str
) -> None:
    answer = save(boss, **{"maxSessionsPerUser": "3", name: value})
    assert answer.status_code == 400
    assert errors(answer) == {name: [message]}
    assert not AuditEntry.objects.exists()
    assert 'value="3"' in answer.content.decode()  # what was typed stays


class TestPermissions:
    def test_what_may_not_be_read_is_not_there(self, setter: Client) -> None:
        assert f"was-{LOGIN_ATTEMPT_LIMIT.name}" not in form_of(setter)

    def test_what_may_not_be_written_says_why_and_stays(self, setter: Client) -> None:
        page = setter.get(PAGE).content.decode()
        assert "Needs the permission “Manage security”" in page
        save(setter, appName="Holt", passwordMinLength="20", loginAttemptLimit="1")
        assert store.get(APP_NAME) == "Holt"
        assert store.get(PASSWORD_MIN_LENGTH) == 8
        assert store.get(LOGIN_ATTEMPT_LIMIT) != 1

    @pytest.mark.parametrize("permission", ["audit:read", "users:manage", "system:health"])
    def test_other_administrators_do_not_see_it(self, permission: str) -> None:
        create_role("others", "settings:read", permission)
        client = client_of(create_user("other", role="others"))
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, {"was-appName": "SnapOtter", "appName": "Mine"}).status_code == 403
        assert client.post("/admin/settings/logo", {"remove": "yes"}).status_code == 403
        assert not AuditEntry.objects.exists()
        assert PAGE not in client.get("/admin/").content.decode()


class TestTwoAtOnce:
    def test_the_second_is_told_and_may_insist(self, boss: Client, setter: Client) -> None:
        seen = form_of(boss)
        save(setter, appName="Theirs")
        answer: Any = boss.post(PAGE, seen | {"appName": "Mine"})
        assert answer.status_code == 400
        assert errors(answer) == {"appName": ["Was changed by somebody else meanwhile, to Theirs."]}
        assert store.get(APP_NAME) == "Theirs"
        now = answer.context["form"].settings["appName"].was
        boss.post(PAGE, seen | {"was-appName": now, "appName": "Mine"})
        assert store.get(APP_NAME) == "Mine"

    def test_two_different_settings_are_no_conflict(self, boss: Client, setter: Client) -> None:
        seen = form_of(boss)
        save(setter, appName="Theirs")
        boss.post(PAGE, seen | {"passwordMinLength": "12"})
        assert (store.get(APP_NAME), store.get(PASSWORD_MIN_LENGTH)) == ("Theirs", 12)

    def test_what_was_not_on_the_page_stays(self, boss: Client) -> None:
        """A page of an older version, or a form made by hand."""
        services.change({"passwordRequireSpecial": "true"})
        boss.post(PAGE, {"was-appName": "SnapOtter", "appName": "Holt"})
        assert (store.get(APP_NAME), store.get(PASSWORD_SPECIAL)) == ("Holt", True)


class TestLogo:
    def test_it_is_changed_and_removed(self, boss: Client, api: Api, tmp_path: Path) -> None:
        content = make_file(tmp_path / "logo.png").read_bytes()
        picture = SimpleUploadedFile("logo.png", content, content_type="image/png")
        answer = boss.post("/admin/settings/logo", {"file": picture}, follow=True)
        assert "The logo is changed." in answer.content.decode()
        assert api.get("/api/v1/settings/logo").status_code == 200
        boss.post("/admin/settings/logo", {"remove": "yes"})
        assert api.get("/api/v1/settings/logo").status_code == 404

    def test_what_is_no_picture_is_refused(self, boss: Client) -> None:
        for upload in ({}, {"file": SimpleUploadedFile("logo.png", b"no picture", content_type="image/png")}):
            page = boss.post("/admin/settings/logo", upload, follow=True).content.decode()
            assert "notice-error" in page
        assert store.get(CUSTOM_LOGO) is False
