"""The user and the credential of a request, with their types."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.credentials import ANONYMOUS, Credential
from accounts.models import User
from snapotter.common.errors import AuthenticationRequired


def user_of(request: HttpRequest | Request) -> User:
    """The signed-in user. Raises AuthenticationRequired for a visitor."""
    if not isinstance(request.user, User):
        raise AuthenticationRequired
    return request.user


def page_credential(request: HttpRequest) -> Credential:
    """The session that a page was opened with."""
    row = request.session.row  # type: ignore[attr-defined]  # our SessionStore
    if row is None:
        return ANONYMOUS
    return Credential("session", session_id=row.id, expires_at=row.expires_at)


def credential_of(request: Request) -> Credential:
    """What an API request was authenticated by."""
    credential: object = request.auth
    if not isinstance(credential, Credential):
        raise AuthenticationRequired
    return credential
