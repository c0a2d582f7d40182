"""Managing users, for programs."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request

from accounts import selectors, user_services
from accounts.api.fields import parse_id
from accounts.api.user_bodies import (
    NewUser,
    RegisterBody,
    ResetPasswordBody,
    UserChanges,
    UserItem,
    UserList,
)
from accounts.caller import user_of
from accounts.passwords import check_strength
from snapotter.common.endpoint import Endpoint, Ok, operation

MANAGE = user_services.MANAGE
USERS = ["Users"]


class Users(Endpoint):
    @operation(access=MANAGE, answers=UserList, summary="All users", tags=USERS)
    def get(self, request: Request) -> UserList:
        users = [UserItem.of(user) for user in selectors.users(for_user=user_of(request))]
        return UserList(users=users, max_users=settings.MAX_USERS)


class Register(Endpoint):
    @operation(
        access=MANAGE,
        body=RegisterBody,
        answers=NewUser,
        status=201,
        summary="Make a user, who must change the password first; an unknown role becomes user",
        tags=USERS,
    )
    def post(self, request: Request, body: RegisterBody) -> NewUser:
        user = user_services.user_create(
            caller=user_of(request),
            username=body.username,
            password=body.password,
            role=body.role,
            team=body.team,
        )
        return NewUser.of(user)


class UserDetail(Endpoint):
    @operation(
        access=MANAGE,
        body=UserChanges,
        answers=Ok,
        summary="Change role, team or quota, or disable; another role ends the user's sessions",
        tags=USERS,
    )
    def put(self, request: Request, user_id: str, body: UserChanges) -> Ok:
        user_services.user_update(
            caller=user_of(request),
            user_id=parse_id(user_id, "user"),
            **body.given(),
        )
        return Ok()

    @operation(
        access=MANAGE,
        answers=Ok,
        summary="Delete a user with sessions, keys, pipelines and files",
        tags=USERS,
    )
    def delete(self, request: Request, user_id: str) -> Ok:
        user_services.user_delete(caller=user_of(request), user_id=parse_id(user_id, "user"))
        return Ok()


class ResetPassword(Endpoint):
    @operation(
        access=MANAGE,
        body=ResetPasswordBody,
        answers=Ok,
        summary="Set somebody's password; ends all their sessions and deletes all their API keys",
        tags=USERS,
    )
    def post(self, request: Request, user_id: str, body: ResetPasswordBody) -> Ok:
        check_strength(body.new_password)  # a weak password is told before a wrong id
        user_services.password_reset(
            caller=user_of(request),
            user_id=parse_id(user_id, "user"),
            new=body.new_password,
        )
        return Ok()
