"""Two people who change the same setting at once."""

from __future__ import annotations

import pytest

from accounts.bootstrap import ensure_roles_and_team
from accounts.settings_services import settings_change
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import create_user
from snapotter.common.errors import Conflict
from snapotter.runtime import store
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
