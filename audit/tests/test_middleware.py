from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from audit.context import current
from audit.middleware import RequestContextMiddleware, client_ip


def request(forwarded: str = "", peer: str = "10.0.0.1") -> HttpRequest:
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_USER_AGENT="a" * 600, **extra)  # type: ignore[arg-type]


def test_a_header_is_not_believed_without_a_trusted_proxy(settings: Settings) -> None:
    settings.TRUST_PROXY = False
    assert client_ip(request("192.0.2.7")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7", "192.0.2.7"),  # the client wrote the first itself
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", "10.0.0.1"),
        ("192.0.2.7, ", "10.0.0.1"),
    ],
)
def test_behind_a_trusted_proxy_the_last_hop_is_the_client(
    settings: Settings, forwarded: str, address: str
) -> None:
    settings.TRUST_PROXY = True
    assert client_ip(request(forwarded)) == address


def test_a_socket_without_an_address_has_none() -> None:
    assert client_ip(request(peer="")) is None


def test_the_view_knows_its_request_and_the_client_its_id() -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(current())
        return HttpResponse()

    asked = request()
    response = RequestContextMiddleware(view)(asked)
    assert isinstance(response, HttpResponse)
    assert seen[0].request is asked
    assert (seen[0].ip_address, seen[0].user_agent) == ("10.0.0.1", "a" * 500)
    assert uuid.UUID(response["X-Request-Id"]) == seen[0].request_id
    assert current().request is None


async def test_requests_that_run_at_once_keep_apart() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0.01)
        return HttpResponse(str(current().ip_address))

    middleware: Any = RequestContextMiddleware(view)
    answers = await asyncio.gather(*(middleware(request(peer=f"10.0.0.{n}")) for n in range(5)))
    assert [answer.content.decode() for answer in answers] == [f"10.0.0.{n}" for n in range(5)]
