"""`GET /api/v1/access/explain`: who may ask what, and what is given away."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiKey, Team, User
from accounts.tests.people import create_manager, create_role, key_for, refusal
from conftest import Api, create_user
from library.tests.kept import keep_file

URL = "/api/v1/access/explain"


def ask(client: Api, **asked: Any) -> Any:
    return client.get(URL, asked)


def test_the_answer_has_the_chain(api: Api, alice: User, team: Team) -> None:
    answer = ask(api.as_user(alice), tool="image/crop")
    assert answer.status_code == 200
    assert answer.json() == {
        "allowed": True,
        "user": {"id": str(alice.pk), "username": "alice", "role": "user", "team": team.name},
        "question": {"permission": None, "tool": "image/crop", "file": None, "key": None},
        "chain": [
            {"step": "account", "passed": True, "reason": "The account is active."},
            {"step": "role", "passed": True, "reason": "The role “user” holds tools:use."},
            {"step": "toolPermissions", "passed": True, "reason": "The role “user” may use every tool."},
            {"step": "tool", "passed": True, "reason": "Crop is turned on."},
        ],
    }


def test_a_visitor_asks_nothing(api: Api) -> None:
    assert refusal(ask(api, tool="crop")) == (401, "AUTH_REQUIRED")


class TestWho:
    @pytest.mark.parametrize("name", ["", "alice"])
    def test_everybody_may_ask_about_themselves(self, api: Api, alice: User, name: str) -> None:
        assert ask(api.as_user(alice), user=name, tool="crop").json()["user"]["username"] == "alice"
        assert ask(api.as_user(alice), user=alice.pk, tool="crop").status_code == 200

    def test_even_without_any_permission(self, api: Api, db: None) -> None:
        create_role("nothing")
        nobody = create_user("nobody", role="nothing")
        assert ask(api.as_user(nobody), permission="files:own").json()["allowed"] is False

    def test_nobody_without_users_may_ask_about_others_nor_learn_who_there_is(
        self, api: Api, alice: User, bob: User
    ) -> None:
        client = api.as_user(alice)
        answers = [ask(client, user=who, tool="crop") for who in ("bob", bob.pk, "nobody", uuid4())]
        assert {refusal(answer) for answer in answers} == {(403, "FORBIDDEN")}
        assert len({answer.content for answer in answers}) == 1

    def test_who_manages_users_may(self, api: Api, alice: User) -> None:
        client = api.as_user(create_manager())
        assert ask(client, user="alice", tool="crop").json()["allowed"] is True
        assert ask(client, user=alice.pk, tool="crop").json()["user"]["username"] == "alice"

    def test_an_unknown_user_is_not_found(self, api: Api, db: None) -> None:
        client = api.as_user(create_manager())
        for who in ("nobody", uuid4(), "ALICE", "x" * 255):
            assert refusal(ask(client, user=who, tool="crop")) == (404, "NOT_FOUND")

    def test_an_id_wins_over_somebody_who_is_called_so(self, api: Api, alice: User) -> None:
        create_user(str(alice.pk))
        client = api.as_user(create_manager())
        assert ask(client, user=alice.pk, tool="crop").json()["user"]["username"] == "alice"

    def test_a_key_that_may_not_manage_users_may_not_ask_about_them(
        self, api: Api, admin: User, alice: User
    ) -> None:
        client = api.with_token(key_for(admin, "tools:use"))
        assert ask(client, user="alice", tool="crop").status_code == 403

    def test_the_scope_of_the_asking_key_does_not_colour_the_answer(self, api: Api, admin: User) -> None:
        client = api.with_token(key_for(admin, "settings:read"))
        assert ask(client, tool="crop").json()["allowed"] is True


class TestKeys:
    def key(self, user: User) -> ApiKey:
        return ApiKey.objects.create(user=user, key_hash="x", name="CI", permissions=["files:own"])

    def test_an_own_key_may_be_asked_about(self, api: Api, alice: User) -> None:
        body = ask(api.as_user(alice), tool="crop", key=self.key(alice).pk).json()
        assert body["allowed"] is False
        assert [step["step"] for step in body["chain"]] == [
            "account",
            "key",
            "role",
            "scope",
            "toolPermissions",
            "tool",
        ]

    @pytest.mark.parametrize("key", ["x", "0", str(uuid4())])
    def test_a_key_that_is_none_lets_nobody_in(self, api: Api, alice: User, key: str) -> None:
        assert ask(api.as_user(alice), tool="crop", key=key).json()["allowed"] is False

    def test_the_key_of_somebody_else_looks_like_none(self, api: Api, alice: User, bob: User) -> None:
        client = api.as_user(alice)
        theirs = ask(client, tool="crop", key=self.key(bob).pk).json()
        none = ask(client, tool="crop", key=uuid4()).json()
        assert theirs["chain"] == none["chain"]

    def test_the_keys_of_others_need_their_permission(self, api: Api, alice: User, admin: User) -> None:
        key = self.key(alice)
        assert ask(api.as_user(create_manager()), user="alice", tool="crop", key=key.pk).status_code == 403
        assert ask(api.as_user(admin), user="alice", tool="crop", key=key.pk).status_code == 200

    def test_ones_own_need_theirs(self, api: Api, db: None) -> None:
        create_role("plain", "tools:use")
        plain = create_user("plain", role="plain")
        assert ask(api.as_user(plain), tool="crop", key=self.key(plain).pk).status_code == 403


class TestFiles:
    def test_the_owner_may_ask_also_when_it_is_closed(self, api: Api, db: None) -> None:
        create_role("plain", "tools:use")
        plain = create_user("plain", role="plain")
        answer = ask(api.as_user(plain), file=keep_file(plain).pk)
        assert (answer.status_code, answer.json()["allowed"]) == (200, False)

    def test_a_stranger_cannot_tell_a_file_from_none(self, api: Api, alice: User, bob: User) -> None:
        client = api.as_user(bob)
        answers = [ask(client, file=file) for file in (keep_file(alice).pk, uuid4(), "x")]
        assert {refusal(answer) for answer in answers} == {(404, "NOT_FOUND")}
        assert len({answer.content for answer in answers}) == 1

    def test_nor_by_asking_about_others(self, api: Api, alice: User, bob: User) -> None:
        client = api.as_user(bob)
        answers = [ask(client, user="alice", file=file) for file in (keep_file(alice).pk, uuid4(), "x")]
        assert len({(answer.status_code, answer.content) for answer in answers}) == 1

    def test_who_may_open_everything_may_ask(self, api: Api, alice: User) -> None:
        client = api.as_user(create_user("ed", role="editor"))
        assert ask(client, file=keep_file(alice).pk).json()["allowed"] is True

    def test_who_manages_users_may_ask_without_opening_it(self, api: Api, alice: User) -> None:
        client = api.as_user(create_manager())
        file = keep_file(alice)
        assert ask(client, file=file.pk).json()["allowed"] is False
        assert ask(client, user="alice", file=file.pk).json()["allowed"] is True

    def test_a_name_is_never_told(self, api: Api, alice: User) -> None:
        answer = ask(api.as_user(create_manager()), file=keep_file(alice).pk)
        assert "a.jpg" not in answer.content.decode()


class TestBadQuestions:
    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"user": "alice"},
            {"permission": "", "tool": "", "file": ""},
            {"permission": "tools:use", "tool": "crop"},
            {"tool": "crop", "file": "x"},
            {"permission": "everything"},
            {"permission": "tools:use "},
            {"permission": "nul\0"},
            {"tool": "x" * 256},
            {"tool": "crop", "key": "nul\0"},
            {"tool": "crop", "user": "nul\0"},
            {"file": "nul\0"},
        ],
        ids=str,
    )
    def test_they_are_refused_with_a_reason(self, api: Api, alice: User, asked: dict[str, str]) -> None:
        answer = ask(api.as_user(alice), **asked)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert answer.json()["error"]

    def test_other_methods_are_none(self, api: Api, alice: User) -> None:
        assert api.as_user(alice).post(URL, {}).status_code == 405


def test_it_needs_few_queries(
    api: Api, admin: User, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api.as_user(admin)
    file = keep_file(alice)
    with django_assert_num_queries(2):  # the session, the user
        ask(client, tool="crop")
    with django_assert_num_queries(4):  # and the file with its owner, and whether it is visible
        ask(client, file=file.pk)
