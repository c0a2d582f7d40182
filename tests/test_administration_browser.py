"""An administrator changes a role and settings, and it acts in the browser of somebody signed in already."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import sign_in_page
from tests.running import RunningServer

pytestmark = pytest.mark.system

PASSWORD = "Otter-8-dives"


@pytest.fixture
def role(client: httpx.Client) -> Iterator[str]:
    """The name of a role for pictures and no more."""
    body = {"name": f"painters-{uuid4().hex[:12]}", "permissions": ["tools:use", "settings:read"]}
    made = client.post("/api/v1/roles", json=body).raise_for_status().json()
    yield made["name"]
    client.delete(f"/api/v1/roles/{made['id']}").raise_for_status()


@pytest.fixture
def member_page(browser: Browser, server: RunningServer, client: httpx.Client, role: str) -> Iterator[Page]:
    """Somebody of that role, signed in before anything changes."""
    body = {"username": f"otto-{uuid4().hex[:12]}", "password": PASSWORD, "role": role}
    client.post("/api/auth/register", json=body).raise_for_status()
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    sign_in_page(page, body["username"], PASSWORD)
    yield page
    context.close()


@pytest.fixture
def admin_page(page: Page) -> Page:
    sign_in_page(page)
    return page


@pytest.fixture
def settings_go_back(client: httpx.Client) -> Iterator[None]:
    yield
    defaults = {"appName": "SnapOtter", "disabledTools": "[]"}
    client.put("/api/v1/settings", json=defaults).raise_for_status()


def open_role(page: Page, role: str) -> None:
    page.goto(f"/admin/accounts/role/?q={role}")
    page.get_by_role("link", name=role).click()


def save(page: Page, said: str) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(said)


def test_a_tool_that_is_taken_from_a_role_is_gone(admin_page: Page, member_page: Page, role: str) -> None:
    member_page.get_by_role("link", name="Crop").click()
    crop = member_page.url
    open_role(admin_page, role)
    admin_page.get_by_role("radio", name="Only these tools").check()
    admin_page.get_by_role("checkbox", name="Resize").check()
    save(admin_page, "successfully")
    answer = member_page.goto(crop)
    assert answer is not None
    assert answer.status == 403
    member_page.goto("/")
    expect(member_page.get_by_role("link", name="Resize")).to_be_visible()
    expect(member_page.get_by_role("link", name="Crop")).to_have_count(0)


def test_a_permission_that_is_given_to_a_role_works_and_is_gone_when_it_is_taken(
    admin_page: Page, member_page: Page, role: str
) -> None:
    expect(member_page.get_by_role("link", name="Administration")).to_have_count(0)
    open_role(admin_page, role)
    admin_page.get_by_role("checkbox", name="Read the audit log").check()
    save(admin_page, "successfully")
    member_page.reload()
    member_page.get_by_role("link", name="Administration").click()
    sections = member_page.get_by_role("navigation", name="Administration").get_by_role("link")
    expect(sections).to_have_text(["Audit entries"])
    sections.click()
    expect(member_page.locator("tbody tr").first).to_contain_text("Changed a role")
    open_role(admin_page, role)
    admin_page.get_by_role("checkbox", name="Read the audit log").uncheck()
    save(admin_page, "successfully")
    answer = member_page.reload()
    assert answer is not None
    assert answer.status == 403


@pytest.mark.usefixtures("settings_go_back")
def test_settings_act_at_once(admin_page: Page, member_page: Page) -> None:
    expect(member_page.get_by_role("link", name="Rotate")).to_be_visible()
    admin_page.goto("/admin/settings/")
    admin_page.get_by_label("Name", exact=True).fill("Holt")
    admin_page.get_by_label("Rotate").check()
    save(admin_page, "Changed: Name, Disabled tools.")
    member_page.reload()
    expect(member_page).to_have_title("Tools · Holt")
    expect(member_page.get_by_role("link", name="Rotate")).to_have_count(0)
