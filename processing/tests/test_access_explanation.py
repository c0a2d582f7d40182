"""The explainer says what the server does: over users, tools, permissions and keys; and it says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, product
from secrets import token_hex
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from accounts.api.authentication import CredentialAuthentication
from accounts.credentials import key_prefix
from accounts.hashers import hash_key
from accounts.models import ApiKey, Role, Team, User
from accounts.permissions import BUILTIN_ROLES, PERMISSIONS, has_permission
from accounts.selectors import user_called
from accounts.tests.people import create_role
from conftest import Api, create_user
from library.selectors import files
from library.tests.kept import keep_file
from processing.access.explanation import Explanation, Step, explain
from processing.access.questions import Question, subject_of
from snapotter.runtime.services import change

ROLES: dict[str, tuple[list[str], Any]] = {
    "croppers": (["tools:use", "files:own"], {"mode": "tool", "allowed": ["crop"]}),
    "essentials": (["tools:use", "files:all"], {"mode": "category", "allowed": ["essentials"]}),
    "broken": (["tools:use", "audit:read"], {"mode": "tools", "allowed": ["crop"]}),
    "readers": (["settings:read"], None),
    "nothing": ([], None),
    "reserved": (["security:manage", "users:manage"], None),
}
NO_KEY = "signed in"
KEYS: dict[str, dict[str, Any]] = {
    "whole": {"permissions": None},
    "for tools": {"permissions": ["tools:use"]},
    "for own files": {"permissions": ["files:own", "apikeys:own"]},
    "for others": {"permissions": ["files:all", "settings:read", "users:manage"]},
    "expired": {"permissions": None, "expires_at": timezone.now() - timedelta(seconds=1)},
}
TOOLS = ("crop", "image/convert", "image/compress", "teapot")
ROUTES = {
    "tools:use": "/api/v1/jobs",
    "settings:read": "/api/v1/settings",
    "users:manage": "/api/auth/users",
}


def fresh(user: User) -> User:
    found = user_called(str(user.pk))
    assert found is not None
    return found


def explained(user: User, key: ApiKey | None = None, **asked: str) -> Explanation:
    return explain(subject_of(Question(**asked)), user=fresh(user), key_id=str(key.pk) if key else "")


def step(explanation: Explanation, name: str) -> Step:
    return next(step for step in explanation.chain if step.name == name)


def reason(explanation: Explanation, name: str) -> str:
    return step(explanation, name).reason


@pytest.fixture
def people(db: None) -> list[User]:
    """One of each role, one disabled, one who must choose a password."""
    for name, (permissions, tools) in ROLES.items():
        create_role(name, *permissions, tools=tools)
    return [
        *(create_user(f"{role}-person", role=role) for role in (*BUILTIN_ROLES, *ROLES)),
        create_user("disabled-one", role="admin", is_active=False),
        create_user("pending-one", role="admin", must_change_password=True),
    ]


@dataclass(frozen=True)
class Way:
    """How a user comes in: what the server sees, and what the explainer is asked with."""

    user: User
    name: str
    client: Api
    key: ApiKey | None


def ways(api: Api, user: User) -> Iterator[Way]:
    """Signed in, then with one key after the other: the same row, changed, because hashing costs."""
    yield Way(user, NO_KEY, api.as_user(user), None)
    secret = f"si_{token_hex(48)}"
    key = ApiKey.objects.create(
        user=user, key_hash=hash_key(secret), key_prefix=key_prefix(secret), name="CI"
    )
    for name, columns in KEYS.items():
        ApiKey.objects.filter(pk=key.pk).update(**{"expires_at": None, **columns})
        yield Way(user, name, api.with_token(secret), key)


def is_let_in(answer: Any) -> bool:
    """400 is let in: what was sent is no upload."""
    return answer.status_code not in (401, 403, 404)


class TestItSaysWhatTheServerDoes:
    def test_of_tools(self, api: Api, people: list[User]) -> None:
        change({"disabledTools": '["compress"]'})
        seen = set()
        for way in chain(*(ways(api, user) for user in people)):
            for tool in TOOLS:
                truth = is_let_in(way.client.post(f"/api/v1/tools/{tool}", {}))
                assert_agrees(explained(way.user, way.key, tool=tool), truth, way)
                seen.add(truth)
        assert seen == {True, False}

    def test_of_permissions(self, api: Api, people: list[User]) -> None:
        for way in chain(*(ways(api, user) for user in people)):
            for permission, url in ROUTES.items():
                truth = is_let_in(way.client.get(url))
                assert_agrees(explained(way.user, way.key, permission=permission), truth, way)

    def test_of_files(self, api: Api, people: list[User]) -> None:
        kept = [keep_file(user) for user in people[:3]]
        for way in chain(*(ways(api, user) for user in people)):
            caller = seen_by_the_server(way)
            for file in kept:
                truth = caller is not None and files(for_user=caller).filter(pk=file.pk).exists()
                assert_agrees(explained(way.user, way.key, file=str(file.pk)), truth, way)

    def test_of_every_permission_and_role_a_chain_that_agrees_with_its_answer(
        self, people: list[User]
    ) -> None:
        for user, permission in product(people, PERMISSIONS):
            answer = explained(user, permission=permission)
            assert answer.allowed == all(step.passed for step in answer.chain)
            assert answer.allowed == (user.username != "pending-one" and has_permission(user, permission))


def seen_by_the_server(way: Way) -> User | None:
    """The user of the request, None when the credential lets nobody in."""
    headers = way.client._credentials  # type: ignore[attr-defined]
    request = Request(RequestFactory().get("/", **headers))
    user, _ = CredentialAuthentication().authenticate(request)
    pending = way.key is None and getattr(user, "password_change_pending", False)
    return user if isinstance(user, User) and not pending else None


def assert_agrees(answer: Explanation, truth: bool, way: Way) -> None:
    decided = [step.passed for step in answer.chain if step.passed is not None]
    assert answer.allowed is truth, (way.user, way.name, answer.chain)
    assert answer.allowed is all(decided), (way.user, way.name, answer.chain)


class TestItSaysWhy:
    def test_a_role_says_what_it_holds(self, alice: User) -> None:
        assert reason(explained(alice, tool="crop"), "role") == "The role “user” holds tools:use."
        answer = explained(alice, permission="users:manage")
        assert reason(answer, "role") == (
            "The role “user” does not hold users:manage; it holds tools:use, files:own, apikeys:own, "
            "pipelines:own, settings:read."
        )

    def test_a_role_that_holds_nothing_says_so(self, people: list[User]) -> None:
        nobody = User.objects.get(username="nothing-person")
        assert reason(explained(nobody, tool="crop"), "role").endswith("it holds nothing.")

    def test_what_is_reserved_says_for_whom(self, people: list[User]) -> None:
        person = User.objects.get(username="reserved-person")
        assert "only the built-in role “admin”" in reason(
            explained(person, permission="security:manage"), "role"
        )

    @pytest.mark.parametrize(
        ("limit", "passed", "words"),
        [
            (None, True, "may use every tool"),
            ({"mode": "tool", "allowed": ["crop", "resize"]}, True, "tools crop, resize; crop is among them"),
            ({"mode": "tool", "allowed": ["resize"]}, False, "tools resize; crop is not among them"),
            (
                {"mode": "category", "allowed": ["essentials"]},
                True,
                "categories essentials; essentials is among",
            ),
            ({"mode": "category", "allowed": ["ai"]}, False, "categories ai; essentials is not among them"),
            ({"mode": "tool", "allowed": []}, False, "may use no tool."),
            ({"mode": "tool", "allowed": [f"t{n}" for n in range(20)]}, False, "t11 and 8 more; crop"),
            ({"mode": "tool"}, False, "what limits it cannot be read"),
            ("nonsense", False, "what limits it cannot be read"),
        ],
        ids=str,
    )
    def test_the_tools_of_a_role_say_which_entry_decides(
        self, people: list[User], limit: Any, passed: bool, words: str
    ) -> None:
        Role.objects.filter(name="croppers").update(tool_permissions=limit)
        found = step(explained(User.objects.get(username="croppers-person"), tool="crop"), "toolPermissions")
        assert (found.passed, words in found.reason) == (passed, True), found.reason

    def test_a_tool_says_that_it_is_turned_off(self, admin: User) -> None:
        assert reason(explained(admin, tool="crop"), "tool") == "Crop is turned on."
        change({"disabledTools": '["crop"]'})
        answer = explained(admin, tool="image/crop")
        assert "off for everybody" in reason(answer, "tool")
        assert answer.sentence == "admin may not use the tool image/crop."

    @pytest.mark.parametrize("name", ["teapot", "video/crop", "/crop", "crop/", "a/b/c", "<b>"])
    def test_a_tool_that_is_none_is_an_answer(self, admin: User, name: str) -> None:
        answer = explained(admin, tool=name)
        assert not answer.allowed
        assert reason(answer, "tool") == f"There is no tool called “{name}”."

    def test_the_key_says_what_it_leaves_out(self, alice: User) -> None:
        key = ApiKey.objects.create(user=alice, key_hash="x", name="CI", permissions=["tools:use"])
        assert reason(explained(alice, key, tool="crop"), "scope") == (
            "The key is limited to tools:use, which includes tools:use."
        )
        answer = explained(alice, key, permission="files:own")
        assert reason(answer, "scope") == "The key is limited to tools:use, which leaves out files:own."
        assert step(answer, "role").passed
        assert not answer.allowed

    def test_the_key_says_until_when_it_is_good(self, alice: User) -> None:
        key = ApiKey.objects.create(user=alice, key_hash="x", name="CI")
        assert reason(explained(alice, key, tool="crop"), "key").endswith("and does not expire.")
        key.expires_at = datetime(2999, 1, 2, 3, 4, tzinfo=UTC)
        key.save()
        assert reason(explained(alice, key, tool="crop"), "key").endswith("until 2999-01-02 03:04 UTC.")
        key.expires_at = datetime(1999, 1, 2, 3, 4, tzinfo=UTC)
        key.save()
        assert reason(explained(alice, key, tool="crop"), "key") == (
            "The key “CI” expired on 1999-01-02 03:04 UTC."
        )

    def test_the_key_of_somebody_else_is_no_key(self, alice: User, bob: User) -> None:
        key = ApiKey.objects.create(user=bob, key_hash="x", name="Secret name")
        answer = explained(alice, key, tool="crop")
        assert not answer.allowed
        assert reason(answer, "key") == "alice has no such API key."
        assert "scope" not in [step.name for step in answer.chain]

    def test_a_key_passes_where_a_password_must_be_chosen(self, alice: User) -> None:
        User.objects.filter(pk=alice.pk).update(must_change_password=True)
        key = ApiKey.objects.create(user=alice, key_hash="x", name="CI")
        assert not explained(alice, tool="crop").allowed
        assert explained(alice, key, tool="crop").allowed

    def test_a_file_says_whose_it_is_and_that_the_team_does_not_matter(
        self, alice: User, bob: User, charlie: User, team: Team
    ) -> None:
        file = str(keep_file(alice).pk)
        own = explained(alice, file=file)
        assert (own.allowed, reason(own, "ownership")) == (True, "The file belongs to alice.")
        mate = explained(bob, file=file)
        assert not mate.allowed
        assert "opening what others have needs files:all" in reason(mate, "ownership")
        assert step(mate, "team") == Step(
            "team", None, f"Both are in the team “{team.name}”; a team opens no files."
        )
        stranger = explained(charlie, file=file)
        assert "charlie is in the team “Default”, alice in the team “Otters”" in reason(stranger, "team")
        User.objects.filter(pk=charlie.pk).update(team=None)
        assert "charlie is in no team" in reason(explained(charlie, file=file), "team")

    def test_a_file_is_open_to_who_may_see_all(self, alice: User, admin: User) -> None:
        answer = explained(admin, file=str(keep_file(alice).pk))
        assert (answer.allowed, step(answer, "ownership").passed) == (True, True)


def test_no_answer_depends_on_the_one_before(alice: User) -> None:
    key = ApiKey.objects.create(user=alice, key_hash="x", name="CI", permissions=["files:own"])
    user = fresh(alice)
    assert not explain(subject_of(Question(tool="crop")), user=user, key_id=str(key.pk)).allowed
    assert explain(subject_of(Question(tool="crop")), user=user).allowed
