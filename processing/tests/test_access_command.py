"""`manage.py explain_access`: the operator asks about anybody."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, User
from library.tests.kept import keep_file


def explain(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("explain_access", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_it_prints_the_answer_and_the_chain(alice: User) -> None:
    assert explain("alice", "--tool", "crop") == [
        "Yes: alice may use the tool image/crop.",
        "  yes  Account:           The account is active.",
        "  yes  Role:              The role “user” holds tools:use.",
        "  yes  Tools of the role: The role “user” may use every tool.",
        "  yes  Tool:              Crop is turned on.",
    ]


def test_a_no_is_an_answer_and_no_error(alice: User, bob: User) -> None:
    lines = explain(str(bob.pk), "--file", str(keep_file(alice).pk))
    assert lines[0].startswith("No: bob may not use the file ")
    assert lines[-2].startswith("  no   Owner:")
    assert lines[-1].startswith("  -    Team:")


def test_it_looks_at_a_key(alice: User) -> None:
    key = ApiKey.objects.create(user=alice, key_hash="x", name="CI", permissions=["files:own"])
    lines = explain("alice", "--permission", "tools:use", "--key", str(key.pk))
    assert lines[0] == "No: alice may not use the permission tools:use with this API key."
    assert any("leaves out tools:use" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", "--tool", "crop"], "There is no such user"),
        (["", "--tool", "crop"], "There is no such user"),
        (["alice", "--permission", "everything"], "no permission called"),
        (["alice", "--file", str(uuid4())], "There is no such file"),
        (["alice", "--file", "x"], "There is no such file"),
        (["al\udcffice", "--tool", "crop"], "surrogates"),
        (["al\0ice", "--tool", "crop"], "NUL"),
        (["alice", "--tool", ""], "one of the arguments"),
        (["alice"], "one of the arguments"),
        (["alice", "--tool", "crop", "--file", "x"], "not allowed with"),
    ],
)
def test_a_bad_question_is_refused(alice: User, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        explain(*arguments)
