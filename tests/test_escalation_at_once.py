"""Two requests that change who may do what, at once, on a connection each.

Whichever comes first, the outcome is that of one after the other, and nobody has more than the order allows.
"""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import ApiKey, Role, Session, User
from accounts.tests.people import create_manager, create_role, refusal
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import PASSWORD, Api, create_user, give_password
from tests.access_requests import KEYS, LOGIN, ROLES, Request, role_path, send, user_path

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other(boss: User) -> User:
    return create_user("other", role="admin")


@pytest.fixture
def dora(boss: User) -> User:
    return create_user("dora")


def at_once(*requests: tuple[Api, Request]) -> list[Any]:
    return together(*[lambda client=client, of=of: send(client, *of) for client, of in requests])


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


@pytest.mark.parametrize(
    ("method", "body"), [("DELETE", {}), ("PUT", {"role": "user"}), ("PUT", {"isActive": False})]
)
def test_of_the_last_two_admins_at_each_other_one_stays(
    api: Api, boss: User, other: User, method: str, body: dict[str, Any]
) -> None:
    answers = at_once(
        (api.as_user(boss), (method, user_path(other), body)),
        (api.as_user(other), (method, user_path(boss), body)),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403])
    assert User.objects.filter(role_id="admin", is_active=True).count() == 1
    assert len(actions()) == 1


def test_the_same_admin_is_deleted_once(api: Api, boss: User, other: User) -> None:
    deletion: Request = ("DELETE", user_path(other), {})
    answers = at_once((api.as_user(boss), deletion), (api.as_user(boss), deletion))
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert actions() == ["USER_DELETED"]


def test_a_name_does_not_become_that_of_a_stronger_role_while_it_is_given(
    api: Api, boss: User, dora: User
) -> None:
    weak, strong = create_role("weak", "files:own"), create_role("strong", "audit:read")
    manager, admin = api.as_user(create_manager()), api.as_user(boss)

    def swap() -> None:
        assert send(admin, "PUT", role_path(weak), {"name": "old"}).status_code == 200
        assert send(admin, "PUT", role_path(strong), {"name": "weak"}).status_code == 200

    given, swapped = together(lambda: send(manager, "PUT", user_path(dora), {"role": "weak"}), swap)
    assert swapped == "done"
    held = User.objects.get(pk=dora.pk).role
    if given.status_code == 200 and "USER_UPDATED" in actions():
        assert held == weak  # given before, and gone along to the new name
    else:  # between the two there is no role of that name, which is ignored
        assert (given.status_code in (200, 403), held.name) == (True, "user")


def test_a_role_grows_before_or_after_it_is_given(api: Api, boss: User, dora: User) -> None:
    role = create_role("swimmers", "files:own")
    given, grown = at_once(
        (api.as_user(create_manager()), ("PUT", user_path(dora), {"role": "swimmers"})),
        (api.as_user(boss), ("PUT", role_path(role), {"permissions": ["files:own", "audit:read"]})),
    )
    assert grown.status_code == 200
    if given.status_code == 200:
        assert actions() == ["USER_UPDATED", "ROLE_UPDATED"]
    else:
        assert (refusal(given), actions()) == ((403, "ESCALATION_DENIED"), ["ROLE_UPDATED"])


def test_a_manager_who_is_demoted_makes_no_role_afterwards(api: Api, boss: User) -> None:
    manager = create_manager()
    made, demoted = at_once(
        (api.as_user(manager), ("POST", ROLES, {"name": "helpers", "permissions": ["users:manage"]})),
        (api.as_user(boss), ("PUT", user_path(manager), {"role": "user"})),
    )
    assert demoted.status_code == 200
    if made.status_code == 201:
        assert actions() == ["ROLE_CREATED", "USER_UPDATED"]
    else:
        assert (made.status_code in (401, 403), actions()) == (True, ["USER_UPDATED"])
        assert not Role.objects.filter(name="helpers").exists()


def test_a_reset_locks_out_who_is_busy_making_ways_back_in(api: Api, boss: User, dora: User) -> None:
    give_password(dora)
    key, login, reset = at_once(
        (api.as_user(dora), ("POST", KEYS, {})),
        (Api(), ("POST", LOGIN, {"username": "dora", "password": PASSWORD})),
        (api.as_user(boss), ("POST", f"{user_path(dora)}/reset-password", {"newPassword": "Otter-8-dives"})),
    )
    assert (reset.status_code, key.status_code in (201, 401), login.status_code in (200, 401)) == (
        200,
        True,
        True,
    )
    assert not ApiKey.objects.filter(user=dora).exists()
    assert not Session.objects.filter(user=dora).exists()
