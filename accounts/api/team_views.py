"""Managing teams, for programs."""

from __future__ import annotations

from rest_framework.request import Request

from accounts import team_services
from accounts.api.fields import parse_id
from accounts.api.team_bodies import NewTeam, TeamBody, TeamChanges, TeamItem, TeamList
from accounts.caller import user_of
from accounts.team_selectors import team_to_change, teams
from snapotter.common.endpoint import Endpoint, Ok, operation
from snapotter.common.wire import parse_body

MANAGE = team_services.MANAGE
TEAMS = ["Teams"]


class Teams(Endpoint):
    @operation(access=MANAGE, answers=TeamList, summary="All teams and how many are in them", tags=TEAMS)
    def get(self, request: Request) -> TeamList:
        found = teams(for_user=user_of(request))
        return TeamList(teams=[TeamItem.model_validate(team) for team in found])

    @operation(access=MANAGE, body=TeamBody, answers=NewTeam, status=201, summary="Make a team", tags=TEAMS)
    def post(self, request: Request, body: TeamBody) -> NewTeam:
        return NewTeam.model_validate(team_services.team_create(caller=user_of(request), **body.given()))


class TeamDetail(Endpoint):
    @operation(
        access=MANAGE, answers=Ok, request=TeamChanges, summary="Change a team or its limits", tags=TEAMS
    )
    def put(self, request: Request, team_id: str) -> Ok:
        caller, wanted = user_of(request), parse_id(team_id, "team")
        team_to_change(for_user=caller, team_id=wanted)  # a wrong id is told before a wrong body
        body = parse_body(TeamChanges, request.data)
        team_services.team_update(caller=caller, team_id=wanted, **body.given())
        return Ok()

    @operation(
        access=MANAGE, answers=Ok, summary="Delete a team that is empty and not called Default", tags=TEAMS
    )
    def delete(self, request: Request, team_id: str) -> Ok:
        team_services.team_delete(caller=user_of(request), team_id=parse_id(team_id, "team"))
        return Ok()
