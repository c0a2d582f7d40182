"""Managing roles, for programs."""

from __future__ import annotations

from rest_framework.request import Request

from accounts import role_services
from accounts.api.fields import parse_id
from accounts.api.role_bodies import NewRole, RoleBody, RoleChanges, RoleItem, RoleList
from accounts.caller import user_of
from accounts.role_selectors import custom_role, roles
from snapotter.common.endpoint import Endpoint, Ok, operation
from snapotter.common.wire import parse_body

MANAGE = role_services.MANAGE
ROLES = ["Roles"]


class Roles(Endpoint):
    @operation(access="audit:read", answers=RoleList, summary="All roles and how many have them", tags=ROLES)
    def get(self, request: Request) -> RoleList:
        found = roles(for_user=user_of(request))
        return RoleList(roles=[RoleItem.of(role) for role in found])

    @operation(
        access=MANAGE,
        body=RoleBody,
        answers=NewRole,
        status=201,
        summary="Make a role, with nothing that you do not hold yourself",
        tags=ROLES,
    )
    def post(self, request: Request, body: RoleBody) -> NewRole:
        return NewRole.model_validate(role_services.role_create(caller=user_of(request), **body.given()))


class RoleDetail(Endpoint):
    @operation(
        access=MANAGE,
        answers=Ok,
        request=RoleChanges,
        summary="Change a role that is not built in; its users keep it under a new name",
        tags=ROLES,
    )
    def put(self, request: Request, role_id: str) -> Ok:
        caller, wanted = user_of(request), parse_id(role_id, "role")
        custom_role(for_user=caller, role_id=wanted)  # a wrong id is told before a wrong body
        body = parse_body(RoleChanges, request.data)
        role_services.role_update(caller=caller, role_id=wanted, **body.given())
        return Ok()

    @operation(
        access=MANAGE,
        answers=Ok,
        summary="Delete a role that is not built in; its users get the role user",
        tags=ROLES,
    )
    def delete(self, request: Request, role_id: str) -> Ok:
        role_services.role_delete(caller=user_of(request), role_id=parse_id(role_id, "role"))
        return Ok()
