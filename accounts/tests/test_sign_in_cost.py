"""What a refused sign-in costs does not depend on whether there is somebody of that name.

How long it takes is measured by bench/sign_in_timing.py; here is what the time is made of.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from conftest import Api, create_user, give_password

pytestmark = pytest.mark.django_db

_VALUE: Final = re.compile(r"""'(?:[^']|'')*'|\bs\d+_x\d+| ?-?\b\d+\b""")
Cost = tuple[list[str], list[tuple[int, int, int]]]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """The cost parameters of each hash, which are made in no time here."""
    parameters: list[tuple[int, int, int]] = []

    def scrypt(password: bytes, *, salt: bytes, n: int, r: int, p: int, dklen: int = 64, **_: Any) -> bytes:
        parameters.append((n, r, p))
        return hashlib.sha512(password + salt).digest()[:dklen]

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    return parameters


def cost(api: Api, username: str, hashed: list[tuple[int, int, int]]) -> Cost:
    """The statements, without values, and the hashes of a sign-in with a wrong password."""
    hashed.clear()
    body = {"username": username, "password": "Wrong-pass-1"}
    with CaptureQueriesContext(connection) as queries:
        assert api.post("/api/auth/login", body, format="json").status_code == 401
    return [_VALUE.sub("?", query["sql"]) for query in queries], list(hashed)


def test_it_costs_the_same_for_everybody_and_nobody(
    api: Api, alice: User, hashed: list[tuple[int, int, int]]
) -> None:
    give_password(alice)
    create_user("without-password")
    give_password(create_user("disabled", is_active=False))
    queries, hashes = cost(api, "alice", hashed)
    assert len(hashes) == 1
    for username in ("nobody", "without-password", "disabled"):
        other_queries, other_hashes = cost(api, username, hashed)
        assert (username, other_queries, other_hashes) == (username, queries, hashes)
