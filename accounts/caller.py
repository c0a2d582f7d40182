"""The user and the credential of a request, with their types."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.admission import Credential
from accounts.models import User
from snapotter.common.errors import AuthenticationRequired


def user_of(request: HttpRequest | Request) -> User:
    """The signed-in user. Raises AuthenticationRequired for a visitor."""
    if not isinstance(request.user, User):
        raise AuthenticationRequired
    return request.user


def credential_of(request: Request) -> Credential:
    """What an API request was let in by, or not: a visitor has one too."""
    credential: object = request.auth
    if not isinstance(credential, Credential):
        raise AuthenticationRequired
    return credential
