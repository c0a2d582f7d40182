"""Two changes of teams at once, each committed on a connection of its own."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from accounts import team_services, user_services
from accounts.models import Team, User
from accounts.team_selectors import teams
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import create_user
from snapotter.common.errors import Conflict, PermissionRefused, ValidationFailed


@pytest.mark.django_db(transaction=True)
def test_a_name_is_given_once(boss: User) -> None:
    outcomes = together(
        lambda: team_services.team_create(caller=boss, name="Divers"),
        lambda: team_services.team_create(caller=boss, name="DIVERS"),
    )
    assert sorted(isinstance(outcome, Team) for outcome in outcomes) == [False, True]
    assert Conflict in outcomes


@pytest.mark.django_db(transaction=True)
def test_a_team_is_joined_or_deleted(boss: User) -> None:
    team, dora = Team.objects.create(name="Divers"), create_user("dora")
    deleted, joined = together(
        lambda: team_services.team_delete(caller=boss, team_id=team.pk),
        lambda: user_services.user_update(caller=boss, user_id=dora.pk, team="Divers"),
    )
    assert {deleted, joined} == {"done", ValidationFailed}
    is_member = User.objects.filter(pk=dora.pk, team_id=team.pk).exists()
    assert is_member == (joined == "done") == Team.objects.filter(pk=team.pk).exists()


@pytest.mark.django_db
def test_a_name_taken_without_the_lock_is_a_conflict_too(boss: User) -> None:
    Team.objects.create(name="Divers")
    runners = Team.objects.create(name="Runners")
    with patch.object(team_services, "_require_free"):
        with pytest.raises(Conflict):
            team_services.team_create(caller=boss, name="divers")
        with pytest.raises(Conflict):
            team_services.team_update(caller=boss, team_id=runners.pk, name="divers")
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_a_stranger_reads_no_teams(alice: User) -> None:
    with pytest.raises(PermissionRefused):
        teams(for_user=alice)
