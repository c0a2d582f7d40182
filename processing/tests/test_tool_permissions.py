"""What the tools of a role leave out is shown nowhere and refused everywhere, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Role, User
from accounts.tests.people import create_role, key_for
from conftest import Api, create_user, session_of
from processing import catalogue
from processing.engine.inspect import inspect
from processing.limits import current_limits
from processing.models import Job, JobStatus
from processing.registry import all_tools, find
from processing.runs import run
from processing.tests.requests import RESIZE, jpeg, post
from processing.uploads import AcceptedFile
from processing.work import ToolWork
from snapotter.common.errors import NotFound, PermissionRefused
from snapotter.runtime.services import change

CROP = "/api/v1/tools/image/crop"
CROP_SETTINGS = {"left": 0, "top": 0, "width": 20, "height": 10}
GARBAGE = [
    "",
    "all",
    0,
    False,
    [],
    {},
    {"mode": "tool"},
    {"mode": "everything", "allowed": ["resize"]},
    {"mode": "tool", "allowed": "resize"},
    {"mode": "tool", "allowed": ["resize", 5]},
    {"mode": "tool", "allowed": ["resize"], "except": []},
]


@pytest.fixture
def dave(db: None) -> User:
    """May crop, and nothing else."""
    role = create_role(
        "cropper", "tools:use", "files:own", "apikeys:own", tools={"mode": "tool", "allowed": ["crop"]}
    )
    return create_user("dave", role=role.name)


@pytest.fixture
def browser(dave: User) -> Client:
    client = Client()
    client.cookies["snapotter-session"] = session_of(dave).id
    return client


def allow(value: Any) -> None:
    Role.objects.filter(name="cropper").update(tool_permissions=value)


class TestApi:
    def test_it_runs_the_tool_that_the_role_allows(self, api: Api, dave: User) -> None:
        assert post(api.as_user(dave), jpeg(), CROP_SETTINGS, url=CROP).status_code == 200

    @pytest.mark.parametrize("url", [RESIZE, "/api/v1/tools/resize"])
    def test_it_refuses_another_and_says_why(self, api: Api, dave: User, url: str) -> None:
        answer = post(api.as_user(dave), jpeg(), {"width": 50}, url=url)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert answer.json()["error"] == "Your role does not allow this tool."
        assert not Job.objects.exists()

    def test_it_refuses_before_it_looks_at_the_file(self, api: Api, dave: User) -> None:
        assert post(api.as_user(dave), b"", "{").status_code == 403

    def test_categories_allow_the_tools_in_them(self, api: Api, dave: User) -> None:
        allow({"mode": "category", "allowed": [find("resize").category]})
        assert post(api.as_user(dave), jpeg(), {"width": 50}).status_code == 200
        allow({"mode": "category", "allowed": ["ai"]})
        assert post(api.as_user(dave), jpeg(), {"width": 50}).status_code == 403

    @pytest.mark.parametrize("value", GARBAGE, ids=str)
    def test_what_cannot_be_read_allows_nothing(self, api: Api, dave: User, value: Any) -> None:
        allow(value)
        assert post(api.as_user(dave), jpeg(), {"width": 50}).status_code == 403

    def test_an_edit_of_the_role_acts_at_once_on_a_session(self, api: Api, dave: User) -> None:
        client = api.as_user(dave)
        assert post(client, jpeg(), {"width": 50}).status_code == 403
        allow(None)
        assert post(client, jpeg(), {"width": 50}).status_code == 200
        allow({"mode": "tool", "allowed": []})
        assert post(client, jpeg(), {"width": 50}).status_code == 403

    def test_an_edit_of_the_role_acts_at_once_on_a_key(self, api: Api, dave: User) -> None:
        client = api.with_token(key_for(dave))
        assert post(client, jpeg(), CROP_SETTINGS, url=CROP).status_code == 200
        allow({"mode": "tool", "allowed": ["resize"]})
        assert post(client, jpeg(), CROP_SETTINGS, url=CROP).status_code == 403
        assert post(client, jpeg(), {"width": 50}).status_code == 200

    def test_a_key_without_tools_runs_none(self, api: Api, dave: User) -> None:
        client = api.with_token(key_for(dave, "files:own"))
        assert post(client, jpeg(), CROP_SETTINGS, url=CROP).status_code == 403

    def test_an_administrator_is_limited_by_no_row(self, api: Api, admin: User) -> None:
        Role.objects.filter(name="admin").update(tool_permissions={"mode": "tool", "allowed": []})
        assert post(api.as_user(admin), jpeg(), {"width": 50}).status_code == 200

    def test_one_that_is_turned_off_is_absent_rather_than_refused(self, api: Api, dave: User) -> None:
        change({"disabledTools": '["resize", "crop"]'})
        assert post(api.as_user(dave), jpeg(), {"width": 50}).status_code == 404
        assert post(api.as_user(dave), jpeg(), CROP_SETTINGS, url=CROP).status_code == 404


class TestPages:
    def test_the_first_page_has_only_what_the_role_allows(self, browser: Client) -> None:
        page = browser.get("/").content.decode()
        assert "/tools/image/crop" in page
        assert "/tools/image/resize" not in page

    def test_a_search_finds_only_what_the_role_allows(self, browser: Client) -> None:
        assert browser.get("/?q=resize").context["found"] == 0
        assert browser.get("/?q=crop").context["found"] == 1

    @pytest.mark.parametrize("value", [{"mode": "tool", "allowed": []}, *GARBAGE], ids=str)
    def test_who_may_use_none_reads_so(self, browser: Client, value: Any) -> None:
        allow(value)
        page = browser.get("/").content.decode()
        assert "There is no tool for you here" in page
        assert "/tools/" not in page

    def test_the_page_of_another_tool_says_why_it_is_closed(self, browser: Client) -> None:
        answer = browser.get("/tools/image/resize")
        assert answer.status_code == 403
        assert "Your role does not allow this tool." in answer.content.decode()

    def test_its_form_is_refused_too(self, browser: Client) -> None:
        fields = {"width": "50", "file": SimpleUploadedFile("a.jpg", jpeg())}
        assert browser.post("/tools/image/resize", fields).status_code == 403
        assert not Job.objects.exists()

    def test_an_open_page_is_sent_to_read_why(self, browser: Client) -> None:
        answer = browser.post("/tools/image/resize", {"width": "5"}, headers={"HX-Request": "true"})
        assert (answer.status_code, answer["HX-Redirect"]) == (403, "/tools/image/resize")

    @pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED])
    def test_an_earlier_run_is_shown_and_not_offered_again(
        self, browser: Client, dave: User, status: JobStatus
    ) -> None:
        job = Job.objects.create(type="resize", tool_id="resize", user=dave, status=status)
        again = (f"/tools/image/resize?job={job.pk}", f"/jobs/{job.pk}/again")
        page = browser.get(f"/jobs/{job.pk}").content.decode()
        assert not any(address in page for address in again)
        allow(None)
        page = browser.get(f"/jobs/{job.pk}").content.decode()
        assert any(address in page for address in again)


class TestRuns:
    """Whoever builds another entrance cannot forget to ask."""

    def run(self, user: User, path: Path) -> None:
        path.write_bytes(jpeg())
        tool = find("resize")
        upload: Any = None
        accepted = AcceptedFile("a.jpg", upload, inspect(path, "a.jpg", current_limits()))
        run(user=user, work=ToolWork.parse(tool, '{"width": 5}'), accepted=accepted)

    def test_what_the_role_does_not_allow_is_refused_without_an_entrance(
        self, dave: User, tmp_path: Path
    ) -> None:
        with pytest.raises(PermissionRefused):
            self.run(dave, tmp_path / "a.jpg")

    def test_so_is_what_is_turned_off(self, alice: User, tmp_path: Path) -> None:
        change({"disabledTools": '["resize"]'})
        with pytest.raises(NotFound):
            self.run(alice, tmp_path / "a.jpg")


def test_the_catalogue_of_a_user_without_tools_is_empty(db: None) -> None:
    create_role("reader", "settings:read")
    assert catalogue.usable_tools(user=create_user("reader", role="reader")) == ()


def test_the_catalogue_of_anybody_else_is_whole(alice: User) -> None:
    assert catalogue.usable_tools(user=alice) == all_tools()
