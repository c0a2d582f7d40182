"""The security headers of every kind of answer, from a real server."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from PIL import Image

from snapotter.body_limit import FORM_BYTES
from snapotter.common.downloads import CHUNK
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PAGE_POLICY = {
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "font-src 'self'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'self'",
    "form-action 'self'",
}


def policy_of(headers: httpx.Headers) -> set[str]:
    return {part.strip() for part in headers["Content-Security-Policy"].split(";")}


def check(headers: httpx.Headers) -> None:
    assert {name: headers[name] for name in ALWAYS} == ALWAYS
    assert "Strict-Transport-Security" not in headers  # this server is reached without TLS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/health", 200),
        ("HEAD", "/api/v1/health", 200),
        ("GET", "/api/v1/jobs", 401),
        ("GET", "/api/v1/nothing", 401),
        ("POST", "/api/v1/health", 405),
        ("OPTIONS", "/api/v1/health", 200),
        ("GET", "/login", 200),
        ("GET", "/", 302),
        ("GET", "/nothing", 404),
        ("GET", "/%ff%00", 404),
        ("POST", "/login", 403),
    ],
)
def test_rest_and_pages(server: RunningServer, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, f"{server.url}{path}")
    assert answer.status_code == status
    check(answer.headers)
    assert policy_of(answer.headers) == PAGE_POLICY
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "claim", [{"X-Forwarded-Proto": "https"}, {"X-Forwarded-Protocol": "ssl"}, {"X-Forwarded-Ssl": "on"}]
)
def test_a_client_of_a_server_without_a_proxy_cannot_say_that_it_speaks_tls(
    server: RunningServer, claim: dict[str, str]
) -> None:
    credentials = {"username": "admin", "password": ADMIN_PASSWORD}
    answer = httpx.post(f"{server.url}/api/auth/login", json=credentials, headers=claim)
    check(answer.headers)
    cookies = answer.headers.get_list("Set-Cookie")
    assert len(cookies) == 2
    assert not [cookie for cookie in cookies if "Secure" in cookie]


def test_static_files(server: RunningServer) -> None:
    page = httpx.get(f"{server.url}/login").text
    address = page.partition('<link rel="icon" href="')[2].partition('"')[0]
    known = httpx.get(f"{server.url}{address}")
    again = httpx.get(f"{server.url}{address}", headers={"If-Modified-Since": known.headers["Last-Modified"]})
    absent = httpx.get(f"{server.url}/static/absent.js")
    assert (known.status_code, again.status_code, absent.status_code) == (200, 304, 404)
    assert "immutable" in known.headers["Cache-Control"]
    assert "immutable" in again.headers["Cache-Control"]
    for answer in (known, again, absent):
        check(answer.headers)
        assert policy_of(answer.headers) == PAGE_POLICY


def test_the_reference_differs_in_style_alone(server: RunningServer) -> None:
    answer = httpx.get(f"{server.url}/api/docs")
    check(answer.headers)
    different = policy_of(answer.headers) ^ PAGE_POLICY
    assert {part.partition(" ")[0] for part in different} <= {"style-src", "img-src", "font-src"}
    document = httpx.get(f"{server.url}/api/v1/openapi.yaml")
    check(document.headers)
    assert policy_of(document.headers) == PAGE_POLICY


@pytest.mark.parametrize("side", [20, 800])
def test_downloads_sent_whole_and_streamed_are_in_a_sandbox(client: httpx.Client, side: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    upload = {"file": ("noise.png", file.getvalue())}
    result = client.post("/api/v1/tools/image/rotate", files=upload, data={"settings": '{"angle": 90}'})
    assert (result.json()["processedSize"] > CHUNK) is (side == 800)
    answer = client.get(result.json()["downloadUrl"])
    part = client.get(result.json()["downloadUrl"], headers={"Range": "bytes=0-9"})
    assert (answer.status_code, part.status_code) == (200, 206)
    for each in (answer, part):
        check(each.headers)
        assert {"sandbox", "default-src 'none'"} <= policy_of(each.headers)
        assert each.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(("path", "kind"), [("/api/auth/login", "application/json"), ("/login", "text/html")])
def test_bodies_that_are_too_large(server: RunningServer, path: str, kind: str) -> None:
    answer = httpx.post(f"{server.url}{path}", content=b" " * (FORM_BYTES + 1))
    assert answer.status_code == 413
    check(answer.headers)
    assert policy_of(answer.headers) == PAGE_POLICY
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["Connection"] == "close"
