"""Settings that are changed while something else happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from accounts import services
from accounts.bootstrap import ensure_roles_and_team
from accounts.models import User
from accounts.settings_services import settings_change
from accounts.tests.people import signed_in
from accounts.tests.races import outcome, together, wait_for_a_waiter
from audit.models import AuditEntry
from conftest import create_user
from snapotter.common.errors import AuthenticationRequired, Conflict
from snapotter.runtime import store
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import APP_NAME


@pytest.mark.django_db(transaction=True)
def test_of_two_who_saw_the_same_one_is_told_of_the_other() -> None:
    ensure_roles_and_team()
    seen = {"appName": store.get(APP_NAME)}
    people = [create_user(name, role="admin") for name in ("first", "second")]

    def naming(index: int) -> None:
        settings_change(user=people[index], values={"appName": f"Holt {index}"}, expected=seen)

    outcomes = together(lambda: naming(0), lambda: naming(1))
    assert sorted(outcomes, key=str) == [Conflict, "done"]
    winner = outcomes.index("done")
    store.forget()
    assert store.get(APP_NAME) == f"Holt {winner}"
    assert AuditEntry.objects.get().actor_username == people[winner].username


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ends_meanwhile_changes_nothing(boss: User) -> None:
    signed_in(boss)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            services.sign_out(user=boss, session_id=boss.credential.session_id or "")
            change = pool.submit(
                outcome, lambda: settings_change(user=boss, values={"passwordMinLength": "9"})
            )
            wait_for_a_waiter()
        assert change.result() is AuthenticationRequired
    assert not Setting.objects.exists()
