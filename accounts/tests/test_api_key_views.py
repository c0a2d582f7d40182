"""The pages of one's own keys: shown once, made once, deleted by their owner alone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, User
from accounts.tests.people import create_role, key_for
from audit.models import AuditEntry
from conftest import Api, client_of, create_user

pytestmark = pytest.mark.django_db

NEW = "/account/keys/new"
KEY = re.compile(r"si_[0-9a-f]{96}")


@pytest.fixture
def page(alice: User) -> Client:
    return client_of(alice)


def ticket(page: Client) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.get(NEW).content.decode())
    assert found is not None
    return found[1]


def make(page: Client, **fields: Any) -> Any:
    form = {"ticket": ticket(page), "name": "nightly", "scope": "all", "expiry": "never"} | fields
    return page.post(NEW, form)


class TestMake:
    def test_it_shows_the_key_once_and_it_works(self, page: Client, api: Api) -> None:
        answer = make(page)
        text = answer.content.decode()
        keys = set(KEY.findall(text))
        assert len(keys) == 1
        assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
        assert "/api/v1/tools/image/resize" in text
        assert api.with_token(keys.pop()).get("/api/v1/api-keys").status_code == 200
        assert not KEY.search(page.get("/account/keys").content.decode())

    def test_sending_it_again_makes_no_second_key(self, page: Client) -> None:
        form = {"ticket": ticket(page), "name": "nightly", "scope": "all", "expiry": "never"}
        assert page.post(NEW, form).status_code == 200
        answer = page.post(NEW, form, follow=True)
        assert "This key was created already" in answer.content.decode()
        assert not KEY.search(answer.content.decode())
        assert ApiKey.objects.count() == 1
        assert AuditEntry.objects.filter(action="API_KEY_CREATED").count() == 1

    def test_it_is_narrowed_to_what_was_chosen(self, page: Client) -> None:
        make(page, scope="some", permissions=["tools:use", "files:own"])
        assert ApiKey.objects.get().permissions == ["tools:use", "files:own"]

    def test_what_was_chosen_before_everything_does_not_count(self, page: Client) -> None:
        make(page, scope="all", permissions=["tools:use"])
        assert ApiKey.objects.get().permissions is None

    def test_what_nobody_sees_cannot_be_wrong(self, page: Client) -> None:
        answer = make(page, permissions=["unheard:of"], last_day="tomorrow")
        assert KEY.search(answer.content.decode())

    @pytest.mark.parametrize(("expiry", "days"), [("30", 30), ("90", 90), ("365", 365)])
    def test_it_ends_after_days(self, page: Client, expiry: str, days: int) -> None:
        make(page, expiry=expiry)
        expires_at = ApiKey.objects.get().expires_at
        assert expires_at is not None
        assert abs(expires_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)

    @pytest.mark.parametrize("day", [date(2999, 2, 28), date(9999, 12, 31)])
    def test_it_ends_with_a_day(self, page: Client, day: date) -> None:
        make(page, expiry="day", last_day=day.isoformat())
        assert ApiKey.objects.get().expires_at == datetime.combine(day, time.max, UTC)
        assert page.get("/account/keys").status_code == 200

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"name": "  "}, "This field is required."),
            ({"name": "x" * 101}, "at most 100 characters"),
            ({"name": "x\0y"}, "Null characters are not allowed."),
            ({"scope": "some"}, "Choose at least one"),
            ({"scope": "some", "permissions": ["users:manage"]}, "not one of the available choices"),
            ({"scope": "other"}, "not one of the available choices"),
            ({"expiry": "12"}, "not one of the available choices"),
            ({"expiry": "day"}, "Give the day."),
            ({"expiry": "day", "last_day": "2020-01-01"}, "This day is over."),
            ({"expiry": "day", "last_day": "tomorrow"}, "Enter a valid date."),
        ],
    )
    def test_it_tells_what_is_wrong(self, page: Client, fields: dict[str, Any], message: str) -> None:
        answer = make(page, **fields)
        assert message in answer.content.decode()
        assert not ApiKey.objects.exists()

    def test_an_example_fits_what_the_key_may(self, page: Client) -> None:
        text = make(page, scope="some", permissions=["settings:read"]).content.decode()
        assert "/api/v1/settings" in text
        assert "/api/v1/tools/" not in text

    def test_an_example_has_the_address_that_people_use(self, page: Client, settings: Settings) -> None:
        assert "curl http://testserver/api/" in make(page).content.decode()
        settings.EXTERNAL_URL = "https://otter.example.org/"
        assert "curl https://otter.example.org/api/" in make(page).content.decode()

    @pytest.mark.parametrize("forged", ["", "x", "\0", f"{uuid4()} {uuid4()}:signature"])
    def test_a_ticket_of_ones_own_making_is_refused(self, page: Client, forged: str) -> None:
        assert make(page, ticket=forged).status_code == 400
        assert not ApiKey.objects.exists()

    def test_a_ticket_of_somebody_else_is_refused(self, page: Client, bob: User) -> None:
        assert make(page, ticket=ticket(client_of(bob))).status_code == 400

    def test_a_signature_for_something_else_is_no_ticket(self, page: Client, alice: User) -> None:
        assert make(page, ticket=Signer().sign(f"{alice.pk} {uuid4()}")).status_code == 400

    def test_a_name_is_shown_as_it_is(self, page: Client) -> None:
        assert "<b>bold</b>" not in make(page, name="<b>bold</b>").content.decode()
        assert "<b>bold</b>" not in page.get("/account/keys").content.decode()


class TestList:
    def test_it_shows_ones_own_keys_alone(self, admin: User, alice: User) -> None:
        key_for(alice)
        assert "No keys yet" in client_of(admin).get("/account/keys").content.decode()

    def test_it_says_what_a_key_may_and_marks_what_is_over(self, page: Client, alice: User) -> None:
        key_for(alice, "tools:use")
        ApiKey.objects.update(expires_at=timezone.now())
        text = page.get("/account/keys").content.decode()
        for word in ("Use tools", "Expired", ApiKey.objects.get().key_prefix):
            assert word in text

    def test_a_key_for_what_there_is_no_more_is_not_said_to_do_everything(
        self, page: Client, alice: User
    ) -> None:
        ApiKey.objects.create(user=alice, name="logo", permissions=["branding:manage"])
        shown = page.get("/account/keys").content.decode()
        assert ("<dd>Nothing</dd>" in shown, "Everything you may" in shown) == (True, False)
        ApiKey.objects.update(permissions=None)
        assert "<dd>Everything you may</dd>" in page.get("/account/keys").content.decode()

    def test_its_queries_do_not_grow_with_the_keys(
        self, page: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        ApiKey.objects.bulk_create(ApiKey(user=alice, name="x", key_hash="x") for _ in range(30))
        with django_assert_num_queries(2):
            page.get("/account/keys")

    def test_a_role_without_keys_is_told_so(self) -> None:
        create_role("readers", "tools:use")
        client = client_of(create_user("reader", role="readers"))
        assert "Your role has no API keys" in client.get("/account/keys").content.decode()
        assert client.get(NEW).status_code == 403


class TestDelete:
    def test_it_locks_out_at_once(self, page: Client, alice: User, api: Api) -> None:
        key = key_for(alice)
        answer = page.post(f"/account/keys/{ApiKey.objects.get().pk}/delete", follow=True)
        assert "The key is deleted." in answer.content.decode()
        assert api.with_token(key).get("/api/v1/api-keys").status_code == 401
        assert AuditEntry.objects.filter(action="API_KEY_DELETED").exists()

    def test_somebody_elses_is_not_there(self, admin: User, alice: User) -> None:
        key_for(alice)
        assert client_of(admin).post(f"/account/keys/{ApiKey.objects.get().pk}/delete").status_code == 404
        assert ApiKey.objects.exists()

    def test_twice_is_not_found(self, page: Client, alice: User) -> None:
        key_for(alice)
        target = f"/account/keys/{ApiKey.objects.get().pk}/delete"
        assert [page.post(target).status_code for _ in range(2)] == [302, 404]

    def test_it_needs_the_permission(self, alice: User) -> None:
        create_role("readers", "tools:use")
        key_for(alice)
        User.objects.filter(pk=alice.pk).update(role="readers")
        target = f"/account/keys/{ApiKey.objects.get().pk}/delete"
        assert client_of(alice).post(target).status_code == 403
