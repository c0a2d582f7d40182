"""Signing in and out, the own password and the own API keys, for programs."""

from __future__ import annotations

from django.conf import settings
from django.middleware.csrf import rotate_token
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.api.bodies import (
    ApiKeyBody,
    ApiKeyItem,
    ApiKeyList,
    AuthConfig,
    ChangePasswordBody,
    LoginAnswer,
    LoginBody,
    LoginUser,
    NewApiKey,
    SessionAnswer,
    SessionUser,
)
from accounts.api.fields import parse_id
from accounts.caller import credential_of, user_of
from accounts.sessions import SessionStore
from snapotter.common.endpoint import PUBLIC, SIGNED_IN, Endpoint, Ok, operation
from snapotter.common.errors import AuthenticationRequired

AUTH = ["Sign-in"]
KEYS = ["API keys"]


class Login(Endpoint):
    authentication_classes = ()  # whatever was presented: this is about the name and password in the body

    @operation(access=PUBLIC, body=LoginBody, answers=LoginAnswer, summary="Sign in", tags=AUTH)
    def post(self, request: Request, body: LoginBody) -> LoginAnswer:
        session = SessionStore()
        user = services.sign_in(username=body.username, password=body.password, session=session)
        # The cookie of the pages is the same session; a session that came with the request lives on.
        request._request.session = session
        rotate_token(request._request)
        return LoginAnswer(
            token=session.session_key or "", user=LoginUser.of(user), expires_at=session.get_expiry_date()
        )


class Logout(Endpoint):
    @operation(access=PUBLIC, answers=Ok, summary="End the presented session", tags=AUTH)
    def post(self, request: Request) -> Response:
        session_id = credential_of(request).session_id
        if session_id is not None:
            services.sign_out(user=user_of(request), session_id=session_id)
        response = Response(Ok().wire())
        response.delete_cookie(settings.SESSION_COOKIE_NAME, samesite="Strict")
        return response


class CurrentSession(Endpoint):
    @operation(
        access=SIGNED_IN,
        answers=SessionAnswer,
        summary="Who the presented session belongs to",
        tags=AUTH,
        pending_password_change=True,
    )
    def get(self, request: Request) -> SessionAnswer:
        credential = credential_of(request)
        if credential.kind == "api_key":
            raise AuthenticationRequired("An API key has no session.")
        return SessionAnswer(user=SessionUser.of(user_of(request)), expires_at=credential.expires_at)


class ChangePassword(Endpoint):
    @operation(
        access=SIGNED_IN,
        body=ChangePasswordBody,
        answers=Ok,
        summary="Change your password; ends your other sessions and deletes your API keys",
        tags=AUTH,
        pending_password_change=True,
        per_minute=30,
    )
    def post(self, request: Request, body: ChangePasswordBody) -> Ok:
        services.change_password(
            user=user_of(request),
            current=body.current_password,
            new=body.new_password,
        )
        return Ok()


class ApiKeys(Endpoint):
    @operation(
        access="apikeys:own",
        answers=ApiKeyList,
        summary="Your API keys; everybody's with apikeys:all",
        tags=KEYS,
        per_minute=30,
    )
    def get(self, request: Request) -> ApiKeyList:
        keys = selectors.api_keys(for_user=user_of(request))
        return ApiKeyList(api_keys=[ApiKeyItem.of(key) for key in keys])

    @operation(
        access="apikeys:own",
        body=ApiKeyBody,
        answers=NewApiKey,
        status=201,
        summary="Make an API key; this answer is the only one to show it",
        tags=KEYS,
        per_minute=30,
    )
    def post(self, request: Request, body: ApiKeyBody) -> NewApiKey:
        row, key = services.api_key_create(
            user=user_of(request),
            name=body.name or "",
            permissions=body.permissions,
            expires_at=body.expiry,
        )
        return NewApiKey(
            id=row.id,
            key=key,
            name=row.name,
            permissions=row.permissions,
            expires_at=row.expires_at,
            created_at=row.created_at,
        )


class ApiKeyDetail(Endpoint):
    @operation(
        access="apikeys:own", answers=Ok, summary="Delete one of your API keys", tags=KEYS, per_minute=30
    )
    def delete(self, request: Request, key_id: str) -> Ok:
        services.api_key_delete(user=user_of(request), key_id=parse_id(key_id, "key"))
        return Ok()


class AuthConfiguration(Endpoint):
    authentication_classes = ()

    @operation(access=PUBLIC, answers=AuthConfig, summary="Does this server ask for a sign-in?", tags=AUTH)
    def get(self, request: Request) -> AuthConfig:
        return AuthConfig(auth_enabled=settings.AUTH_ENABLED)
