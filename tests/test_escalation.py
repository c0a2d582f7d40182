"""What people try in order to get at more than they hold, through REST from the outside.

What a single endpoint refuses is in the tests of accounts; this is about ways around, and about nothing being
left behind. What two people do at once is in test_escalation_at_once.
"""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.bootstrap import ensure_first_run
from accounts.models import ApiKey, User
from accounts.permissions import GRANTABLE
from accounts.tests.people import MANAGER, create_manager, create_role, key_for, refusal
from conftest import PASSWORD, Api, create_user, give_password
from tests.access_requests import KEYS, LOGIN, REGISTER, ROLES, refusals, role_path, send, user_path

pytestmark = pytest.mark.django_db

EVERYTHING = sorted(GRANTABLE)
NEW = "Otter-8-dives"
CROP = {"mode": "tool", "allowed": ["crop"]}
CROP_AND_RESIZE = {"mode": "tool", "allowed": ["crop", "resize"]}
WITH_CROP = {"mode": "category", "allowed": ["essentials"]}
PUPPET = {"username": "puppet", "password": PASSWORD}

DENIED = (403, "ESCALATION_DENIED")
INVALID = (400, "VALIDATION_ERROR")
TAKEN = (409, "CONFLICT")
NO_SUCH_METHOD = (405, "METHOD_NOT_ALLOWED")


class TestManagerOfUsers:
    """Holds what `user` does, and may manage users; by session and by a key that is not limited."""

    @pytest.fixture
    def manager(self, db: None) -> User:
        return create_manager()

    @pytest.fixture(params=["session", "key"])
    def client(self, request: pytest.FixtureRequest, api: Api, manager: User) -> Api:
        return api.as_user(manager) if request.param == "session" else api.with_token(key_for(manager))

    def test_the_own_role_grows_in_no_way(self, client: Api, manager: User) -> None:
        own = role_path(manager.role)
        assert refusals(
            client,
            ("PUT", own, {"permissions": [*MANAGER, "audit:read"]}),
            ("PUT", own, {"name": "bosses", "permissions": EVERYTHING}),
            ("PUT", own, {"name": "admin"}),
            ("PUT", own, {"name": " ADMIN "}),
            ("PUT", own, {"permissions": [*MANAGER, "security:manage"]}),
            ("DELETE", own, {}),
        ) == [DENIED, DENIED, TAKEN, TAKEN, INVALID, (400, "SELF_DEMOTE")]

    def test_no_role_and_no_user_of_the_own_making_is_a_way_around(self, client: Api, manager: User) -> None:
        helper = create_user("helper", role="managers")
        create_role("bosses", *EVERYTHING)
        assert refusals(
            client,
            ("POST", ROLES, {"name": "chiefs", "permissions": ["audit:read"]}),
            ("POST", REGISTER, PUPPET | {"role": "bosses"}),
            ("POST", REGISTER, PUPPET | {"role": "admin"}),
            ("PUT", user_path(helper), {"role": "bosses"}),
            ("PUT", user_path(helper), {"role": "admin"}),
            ("PUT", user_path(manager), {"role": "bosses"}),
            ("POST", KEYS, {"permissions": ["audit:read"]}),
        ) == [*[DENIED] * 6, INVALID]

    @pytest.mark.parametrize("role", ["admin", "editor", "bosses"])
    def test_an_account_above_is_not_taken_over(self, client: Api, role: str) -> None:
        create_role("bosses", "audit:read")
        above = create_user("above", role=role)
        path = user_path(above)
        attempts = refusals(
            client,
            ("POST", f"{path}/reset-password", {"newPassword": PASSWORD}),
            ("PUT", path, {"role": "user"}),
            ("PUT", path, {"isActive": False}),
            ("DELETE", path, {}),
        )
        assert set(attempts) == {DENIED}

    def test_a_role_above_is_not_cut_down(self, client: Api) -> None:
        path = role_path(create_role("bosses", "audit:read"))
        assert refusals(client, ("PUT", path, {"permissions": []}), ("DELETE", path, {})) == [DENIED] * 2

    def test_who_may_use_some_tools_makes_nobody_who_may_use_others(self, api: Api) -> None:
        own = create_role("croppers", *MANAGER, tools=CROP)
        dora, eve = (create_user(name, role="croppers") for name in ("dora", "eve"))
        attempts = refusals(
            api.as_user(dora),
            ("PUT", role_path(own), {"toolPermissions": None}),
            ("PUT", role_path(own), {"toolPermissions": WITH_CROP}),
            ("PUT", role_path(own), {"toolPermissions": CROP_AND_RESIZE}),
            ("POST", ROLES, {"name": "all-tools", "permissions": ["tools:use"]}),
            ("POST", REGISTER, PUPPET),
            ("PUT", user_path(eve), {"role": "user"}),
        )
        assert set(attempts) == {DENIED}


class TestLimitedKey:
    """Of an admin, limited to managing users and keys."""

    @pytest.fixture
    def client(self, api: Api, admin: User) -> Api:
        return api.with_token(key_for(admin, "users:manage", "apikeys:own"))

    def test_it_does_not_grow_and_makes_no_key_that_did(self, client: Api) -> None:
        itself = f"{KEYS}/{ApiKey.objects.get().pk}"
        assert refusals(
            client,
            ("PUT", itself, {"permissions": EVERYTHING}),
            ("PATCH", itself, {"permissions": None}),
            ("POST", KEYS, {}),
            ("POST", KEYS, {"permissions": []}),
            ("POST", KEYS, {"permissions": ["users:manage", "audit:read"]}),
        ) == [NO_SUCH_METHOD, NO_SUCH_METHOD, DENIED, DENIED, INVALID]

    def test_it_does_not_become_its_owner(self, client: Api, admin: User) -> None:
        give_password(admin)
        assert refusals(
            client,
            ("POST", "/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW}),
            ("POST", f"{user_path(admin)}/reset-password", {"newPassword": NEW}),
            ("GET", "/api/auth/session", {}),
        ) == [(403, "FORBIDDEN"), DENIED, (401, "AUTH_REQUIRED")]

    def test_it_hands_out_nothing_beyond_its_scope(self, client: Api) -> None:
        wardens = create_role("wardens", "users:manage")
        helper = create_user("helper", role="wardens")
        attempts = refusals(
            client,
            ("PUT", user_path(helper), {"role": "user"}),
            ("PUT", user_path(helper), {"role": "admin"}),
            ("PUT", role_path(wardens), {"permissions": ["users:manage", "tools:use"]}),
            ("POST", REGISTER, PUPPET | {"role": "user"}),
        )
        assert set(attempts) == {DENIED}
        assert send(client, "PUT", user_path(helper), {"team": "Default"}).status_code == 200

    def test_the_key_of_a_key_of_a_key_is_no_wider(self, api: Api, admin: User) -> None:
        client = api.with_token(key_for(admin, "apikeys:own", "users:manage", "audit:read"))
        for scope in (["apikeys:own", "audit:read"], ["apikeys:own"]):
            made = send(client, "POST", KEYS, {"permissions": scope})
            client = api.with_token(made.json()["key"])
        assert refusals(
            client,
            ("POST", KEYS, {"permissions": ["audit:read"]}),
            ("GET", "/api/v1/audit-log", {}),
        ) == [INVALID, (403, "FORBIDDEN")]


class TestWithoutAuthentication:
    """Everybody is the admin `anonymous`, who is no way in once people sign in again."""

    @pytest.fixture(autouse=True)
    def off(self, settings: Settings) -> None:
        settings.AUTH_ENABLED = False
        ensure_first_run()

    def test_what_was_done_in_the_open_opens_nothing_afterwards(self, api: Api, settings: Settings) -> None:
        credentials = {"username": "anonymous", "password": PASSWORD}
        reset = f"{user_path(User.objects.get())}/reset-password"
        assert refusal(send(api, "POST", reset, {"newPassword": PASSWORD})) == INVALID
        key = api.with_token(send(api, "POST", KEYS, {}).json()["key"])
        assert refusal(send(api, "POST", LOGIN, credentials)) == (403, "AUTH_DISABLED")

        settings.AUTH_ENABLED = True
        ensure_first_run()
        assert refusal(send(api, "POST", LOGIN, credentials)) == (401, "INVALID_CREDENTIALS")
        assert refusal(key.get("/api/auth/users")) == (403, "USER_DISABLED")
        assert refusal(api.get("/api/auth/users")) == (401, "AUTH_REQUIRED")

    def test_the_last_admin_who_can_sign_in_stays(self, api: Api) -> None:
        anonymous, only = User.objects.get(), create_user("only", role="admin")
        assert refusals(
            api,
            ("DELETE", user_path(only), {}),
            ("PUT", user_path(only), {"role": "user"}),
            ("PUT", user_path(only), {"isActive": False}),
            ("DELETE", user_path(anonymous), {}),
            ("PUT", user_path(anonymous), {"role": "user"}),
        ) == [*[(400, "LAST_ADMIN")] * 3, (400, "SELF_DELETE"), INVALID]
