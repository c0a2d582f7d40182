"""What every answer has in common: errors, headers, health, the API reference."""

from __future__ import annotations

import re

import pytest
import yaml
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from conftest import Api
from processing.registry import all_tools
from processing.tests.queued import hear_of_worker, queued_job
from snapotter.management.commands.openapi import PATH, document


def test_health_says_no_more_than_it_must(api: Api, settings: Settings) -> None:
    answer = api.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy", "version": settings.VERSION})


def test_operators_hear_of_a_queue_that_nobody_carries(api: Api, admin: User) -> None:
    queued_job(admin)
    answer = api.as_user(admin).get("/api/v1/admin/health").json()
    assert (answer["status"], answer["queue"]) == ("degraded", {"active": 0, "pending": 1})
    hear_of_worker()
    answer = api.as_user(admin).get("/api/v1/admin/health").json()
    assert answer["status"] == "healthy"
    assert (answer["database"], answer["storage"]) == ("ok", {"mode": "local", "available": "N/A"})
    assert re.fullmatch(r"\d+s", answer["uptime"])


@pytest.mark.parametrize("path", ["/api/v1/unheard-of", "/api/", "/api/v1/tools/image/unheard-of"])
def test_strangers_cannot_map_the_api(api: Api, alice: User, path: str) -> None:
    assert (api.get(path).status_code, api.post(path).status_code) == (401, 401)
    answer = api.as_user(alice).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("body", ["{", "[1,", "nonsense", '{"a": NaN', "[" * 100_000 + "]" * 100_000])
def test_malformed_json_is_400(api: Api, body: str) -> None:
    answer = api.generic("POST", "/api/auth/login", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_BODY")


def test_what_strangers_call_the_server_fills_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    answer = api.get("/login", headers={"host": "no host at all"})
    assert (answer.status_code, caplog.records) == (400, [])


@pytest.mark.parametrize("body", ["[]", "null", "3", '"text"'])
def test_json_that_is_no_object_is_400(api: Api, body: str) -> None:
    answer = api.generic("POST", "/api/auth/login", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


def test_a_wrong_method_has_a_code_too(api: Api) -> None:
    answer = api.put("/api/v1/health")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.django_db
def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/api/v1/health", "/login", "/nothing", "/api/docs"):
        answer = client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert "script-src 'self';" in answer["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in answer


@pytest.mark.django_db
def test_a_secure_answer_demands_tls_from_now_on(client: Client) -> None:
    assert "Strict-Transport-Security" in client.get("/login", secure=True)


@pytest.mark.django_db
def test_the_openapi_document_is_checked_in_and_lists_every_tool() -> None:
    text = document()
    assert PATH.read_text(encoding="utf-8") == text, "run `make openapi`"
    described = yaml.safe_load(text)
    assert described["openapi"].startswith("3.1")
    for tool in all_tools():
        assert f"/api/v1/tools/{tool.path}" in described["paths"]
        assert tool.settings_model.__name__ in described["components"]["schemas"]


@pytest.mark.django_db
def test_the_openapi_document_tells_how_not_to_wait_for_whatever_runs() -> None:
    paths = yaml.safe_load(document())["paths"]
    runs = [path for path in paths if "/tools/" in path]
    for path in [*runs, "/api/v1/pipeline/execute", "/api/v1/pipeline/batch"]:
        assert "Prefer" in [parameter["name"] for parameter in paths[path]["post"]["parameters"]], path
    form = paths["/api/v1/pipeline/batch"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["files", "pipeline"]


@pytest.mark.django_db
def test_the_reference_is_public(client: Client) -> None:
    assert client.get("/api/docs").status_code == 200
    answer = client.get("/api/v1/openapi.yaml")
    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["info"]["title"] == "SnapOtter"
