"""Two changes of roles at once, each committed on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import pytest

from accounts import role_services, user_services
from accounts.models import Role, User
from accounts.role_selectors import roles
from accounts.tests.people import create_role
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import create_user
from snapotter.common.errors import Conflict, NotFound, PermissionRefused


@pytest.fixture
def swimmers(boss: User) -> Role:
    return create_role("swimmers", "files:own")


@pytest.fixture
def dora(boss: User) -> User:
    return create_user("dora", role="editor")


def rename(caller: User, role: Role, name: str) -> Callable[[], None]:
    return lambda: role_services.role_update(caller=caller, role_id=role.pk, name=name)


def assign(caller: User, user: User, role: str) -> Callable[[], None]:
    return lambda: user_services.user_update(caller=caller, user_id=user.pk, role=role)


def create(caller: User, name: str) -> Callable[[], Role]:
    return lambda: role_services.role_create(caller=caller, name=name, permissions=["files:own"])


def role_of(user: User) -> str:
    return User.objects.get(pk=user.pk).role_id


@pytest.mark.django_db(transaction=True)
def test_users_follow_a_renamed_role_and_its_id_stays(boss: User, swimmers: Role) -> None:
    dora = create_user("dora", role="swimmers")
    rename(boss, swimmers, "divers")()
    assert (role_of(dora), Role.objects.get(name="divers").pk) == ("divers", swimmers.pk)


@pytest.mark.django_db(transaction=True)
def test_a_role_renamed_while_it_is_given_is_found_or_given_in_vain(
    boss: User, swimmers: Role, dora: User
) -> None:
    """Who comes second sees what the first did: the user follows, or an unknown role is ignored."""
    outcomes = together(rename(boss, swimmers, "divers"), assign(boss, dora, "swimmers"))
    assert outcomes == ["done", "done"]
    given = AuditEntry.objects.filter(action="USER_UPDATED").exists()
    assert role_of(dora) == ("divers" if given else "editor")


@pytest.mark.django_db(transaction=True)
def test_of_two_roles_one_gets_the_name(boss: User, swimmers: Role) -> None:
    runners = create_role("runners", "files:own")
    outcomes = together(rename(boss, swimmers, "divers"), rename(boss, runners, "divers"))
    assert sorted(map(str, outcomes)) == sorted(["done", str(Conflict)])
    assert Role.objects.filter(name="divers").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_role_deleted_while_it_is_given_leaves_no_user_behind(
    boss: User, swimmers: Role, dora: User
) -> None:
    def deletion() -> None:
        role_services.role_delete(caller=boss, role_id=swimmers.pk)

    assert together(deletion, assign(boss, dora, "swimmers")) == ["done", "done"]
    given = AuditEntry.objects.filter(action="USER_UPDATED").exists()
    assert role_of(dora) == ("user" if given else "editor")


@pytest.mark.django_db(transaction=True)
def test_a_role_is_deleted_or_renamed(boss: User, swimmers: Role) -> None:
    def deletion() -> None:
        role_services.role_delete(caller=boss, role_id=swimmers.pk)

    deleted, renamed = together(deletion, rename(boss, swimmers, "divers"))
    assert deleted == "done"
    assert renamed in ("done", NotFound)
    assert Role.objects.filter(is_builtin=False).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_name_is_given_once(boss: User) -> None:
    outcomes = together(create(boss, "swimmers"), create(boss, "Swimmers"))
    assert sorted(isinstance(outcome, Role) for outcome in outcomes) == [False, True]
    assert Conflict in outcomes


@pytest.mark.django_db(transaction=True)
def test_a_manager_demoted_at_the_same_time_widens_nothing_afterwards(boss: User) -> None:
    """What the caller holds is read under the lock, not taken from the request."""
    wardens = create_role("wardens", "users:manage", "audit:read")
    auditors = create_role("auditors", "users:manage")
    warden = create_user("warden", role="wardens")

    def widen() -> None:
        role_services.role_update(
            caller=warden, role_id=auditors.pk, permissions=["users:manage", "audit:read"]
        )

    def narrow() -> None:
        role_services.role_update(caller=boss, role_id=wardens.pk, permissions=["files:own"])

    widened, narrowed = together(widen, narrow)
    assert narrowed == "done"
    before = list(AuditEntry.objects.order_by("seq").values_list("actor_username", flat=True))
    assert before == (["warden", "boss"] if widened == "done" else ["boss"])
    assert widened in ("done", PermissionRefused)


@pytest.mark.django_db
def test_a_name_taken_without_the_lock_is_a_conflict_too(boss: User, swimmers: Role) -> None:
    runners = create_role("runners", "files:own")
    with patch.object(role_services, "_require_free"):
        for action in (create(boss, "swimmers"), rename(boss, runners, "swimmers")):
            with pytest.raises(Conflict):
                action()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_a_stranger_reads_no_roles(alice: User) -> None:
    with pytest.raises(PermissionRefused):
        roles(for_user=alice)
