"""Names that a site elsewhere could own do not lead in where nobody signs in."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from snapotter import env
from snapotter.checks import other_sites_are_kept_out

pytestmark = pytest.mark.django_db
HEALTH = "/api/v1/health"
ELSEWHERE = "rebound.example.com"


def status(host: str, **headers: str) -> int:
    return Client().get(HEALTH, headers={"Host": host} | headers).status_code


class TestWithoutSignIn:
    @pytest.fixture(autouse=True)
    def off(self, settings: Settings) -> None:
        settings.AUTH_ENABLED = False

    @pytest.mark.parametrize(
        "host",
        [
            *("localhost", "LOCALHOST:1349", "127.0.0.1:1349", "[::1]:1349", "[fe80::1]", "192.168.1.9"),
            *("snapotter", "snapotter:1349", "nas.local", "nas.local.", "nas.lan", "nas.home.arpa"),
            *("host.docker.internal", "otter.localhost"),
        ],
    )
    def test_names_of_the_house_lead_in(self, host: str) -> None:
        assert status(host) == 200

    @pytest.mark.parametrize(
        "host",
        [
            *(ELSEWHERE, f"{ELSEWHERE}:1349", f"{ELSEWHERE}.", "127.0.0.1.example.com", "local.example.com"),
            *("localhost.example.com", "xlan.com", "1.2.3.4.5", "a.b@localhost", "."),
        ],
    )
    def test_names_of_others_do_not(self, host: str) -> None:
        assert status(host) == 400

    def test_the_answer_says_what_to_set(self) -> None:
        body = Client().get(HEALTH, headers={"Host": f"{ELSEWHERE}:80"}).json()
        assert body["code"] == "UNKNOWN_HOST"
        assert ELSEWHERE in body["error"]
        assert "ALLOWED_HOSTS" in body["error"]
        page = Client().get("/", headers={"Host": ELSEWHERE})
        assert (page.status_code, "ALLOWED_HOSTS" in page.content.decode()) == (400, True)

    def test_configured_names_lead_in(self, settings: Settings) -> None:
        settings.KNOWN_HOSTS = ["otter.example.org", ".example.net"]
        settings.EXTERNAL_URL = "https://Pictures.example.com:8443/"
        for host in ("otter.example.org", "a.example.net", "example.net", "pictures.example.com:8443"):
            assert status(host) == 200
        for host in (ELSEWHERE, "a.otter.example.org", "example.org"):
            assert status(host) == 400

    def test_a_page_does_not_pass_by_naming_a_proxy(self, settings: Settings) -> None:
        settings.USE_X_FORWARDED_HOST = True
        assert status(ELSEWHERE, **{"X-Forwarded-Host": "localhost"}) == 400
        assert status("snapotter:1349", **{"X-Forwarded-Host": ELSEWHERE}) == 400
        assert status("snapotter:1349", **{"X-Forwarded-Host": "nas.local"}) == 200

    def test_whoever_lets_all_sites_in_is_warned(self, settings: Settings) -> None:
        assert other_sites_are_kept_out(None) == []
        settings.CORS_ALLOW_ALL_ORIGINS = True
        settings.KNOWN_HOSTS = ["*"]
        found = [warning.id for warning in other_sites_are_kept_out(None)]
        assert found == ["snapotter.W003", "snapotter.W004"]


def test_where_people_sign_in_any_name_does(settings: Settings) -> None:
    assert status(ELSEWHERE) == 200
    settings.KNOWN_HOSTS = ["otter.example.org"]
    assert status(ELSEWHERE) == 400


@pytest.mark.parametrize("typo", ["https://otter.example.org", "otter.example.org:80", "a b", "*.org", "-"])
def test_a_name_is_nothing_else(monkeypatch: pytest.MonkeyPatch, typo: str) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", f"localhost, {typo}")
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS must be host names"):
        env.hosts("ALLOWED_HOSTS")
