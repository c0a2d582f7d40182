"""`/access`: ask who may use what, and read why."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import ApiKey, User
from accounts.tests.people import create_manager
from conftest import client_of
from library.tests.kept import keep_file

URL = "/access"


def html(answer: Any) -> str:
    return str(answer.content.decode())


def ask(caller: User, /, **asked: Any) -> Any:
    return client_of(caller).get(URL, asked)


def test_a_visitor_signs_in_first(client: Client, db: None) -> None:
    assert client.get(URL)["Location"].startswith("/login")


def test_it_asks_and_answers_nothing_yet(alice: User) -> None:
    answer = ask(alice)
    assert answer.status_code == 200
    assert "The answer will be here" in html(answer)
    assert "no-store" in answer["Cache-Control"]


def test_it_says_yes_and_why(alice: User) -> None:
    answer = ask(alice, about="tool", tool="crop")
    assert answer.status_code == 200
    assert "<h2>Yes</h2>" in html(answer)
    assert "alice may use the tool image/crop." in html(answer)
    assert "The role “user” may use every tool." in html(answer)


def test_it_says_no_and_why(alice: User) -> None:
    page = html(ask(alice, permission="users:manage"))
    assert "<h2>No</h2>" in page
    assert "does not hold users:manage" in page
    assert "keeps out" in page


def test_it_asks_for_what_was_chosen_alone(alice: User) -> None:
    """Without scripts the fields that are not shown are sent too."""
    page = html(
        ask(alice, user="", about="permission", tool="crop", permission="files:own", file="x", key="")
    )
    assert "alice may use the permission files:own." in page


def test_it_asks_for_others_only_those_who_manage_users(alice: User, bob: User) -> None:
    assert 'name="user"' not in html(ask(alice))
    answer = ask(alice, user="bob", tool="crop")
    assert answer.status_code == 403
    assert "Only those who manage users may ask about others." in html(answer)
    manager = create_manager()
    assert 'name="user"' in html(ask(manager))
    assert "bob may use the tool image/crop." in html(ask(manager, user="bob", tool="crop"))


def test_a_link_that_names_a_user_alone_fills_the_form_in(bob: User) -> None:
    answer = ask(create_manager(), user="bob")
    assert answer.status_code == 200
    assert 'value="bob"' in html(answer)
    assert "The answer will be here" in html(answer)


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({"about": "tool"}, 400, "Choose a tool."),
        ({"about": "permission", "tool": "crop"}, 400, "Choose a permission."),
        ({"about": "file"}, 400, "Give the id of the file."),
        ({"about": "everything"}, 400, "Select a valid choice"),
        ({"about": "tool", "tool": "nul\0"}, 400, "Null characters"),
        ({"tool": "x" * 256}, 400, "at most 255 characters"),
        ({"permission": "everything"}, 400, "There is no permission called “everything”."),
        ({"file": "x"}, 404, "There is no such file"),
        ({"tool": "<script>"}, 200, "There is no tool called “&lt;script&gt;”."),
    ],
    ids=str,
)
def test_a_bad_question_is_told(alice: User, asked: dict[str, str], status: int, message: str) -> None:
    answer = ask(alice, **asked)
    assert answer.status_code == status
    assert message in html(answer)


def test_a_user_who_is_none_is_told(db: None) -> None:
    answer = ask(create_manager(), user="nobody", tool="crop")
    assert answer.status_code == 404
    assert "There is no such user" in html(answer)


class TestKeys:
    def key(self, user: User) -> ApiKey:
        return ApiKey.objects.create(
            user=user, key_hash="x", name=f"Key of {user}", permissions=["files:own"]
        )

    def test_ones_own_can_be_chosen(self, alice: User) -> None:
        assert 'name="key"' not in html(ask(alice))
        key = self.key(alice)
        page = html(ask(alice, about="tool", tool="crop", key=key.pk))
        assert f'<option value="{key.pk}" selected>' in page
        assert "leaves out tools:use" in page

    def test_those_of_others_are_for_who_may_see_them(self, alice: User, admin: User) -> None:
        self.key(alice)
        assert "Key of alice" in html(ask(admin, user="alice", tool="crop"))
        manager = create_manager()
        self.key(manager)
        page = html(ask(manager, user="alice", tool="crop"))
        assert "Key of alice" not in page
        assert "Key of manager" not in page


def test_a_stranger_cannot_tell_a_file_from_none(alice: User, bob: User) -> None:
    there, gone = (ask(bob, file=id) for id in (keep_file(alice).pk, uuid4()))
    assert there.status_code == gone.status_code == 404
    assert there.context["form"].errors == gone.context["form"].errors
