"""The admin site in a real browser: what an administrator changes there acts on everybody at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browsing import PHONE, excess_width, sign_in_page, too_small_to_tap, violations
from tests.running import RunningServer

pytestmark = pytest.mark.system

PASSWORD = "Otter-8-dives"
PAGES = (
    "/admin/",
    "/admin/settings/",
    "/admin/accounts/apikey/",
    "/admin/accounts/session/",
    "/admin/audit/auditentry/",
    "/admin/processing/job/",
)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def member(server: RunningServer) -> str:
    """The name of somebody who may use tools and no more."""
    name = f"otto-{uuid4().hex[:12]}"
    admin = {"username": "admin", "password": "Otter-9-swims"}
    token = httpx.post(f"{server.url}/api/auth/login", json=admin).json()["token"]
    httpx.post(
        f"{server.url}/api/auth/register",
        json={"username": name, "password": PASSWORD},
        headers={"Authorization": f"Bearer {token}"},
    ).raise_for_status()
    change = {"currentPassword": PASSWORD, "newPassword": PASSWORD + "!"}
    own = httpx.post(f"{server.url}/api/auth/login", json={"username": name, "password": PASSWORD})
    httpx.post(
        f"{server.url}/api/auth/change-password",
        json=change,
        headers={"Authorization": f"Bearer {own.json()['token']}"},
    ).raise_for_status()
    return name


@pytest.fixture
def contexts(browser: Browser, server: RunningServer) -> Iterator[Callable[..., BrowserContext]]:
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        made.append(browser.new_context(base_url=server.url, **options))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def open_admin(contexts: Callable[..., BrowserContext], state: Any) -> Open:
    return lambda **options: contexts(storage_state=state, **options).new_page()


@pytest.fixture
def admin_page(open_admin: Open) -> Page:
    return open_admin(viewport={"width": 1280, "height": 800})


@pytest.fixture
def member_page(contexts: Callable[..., BrowserContext], member: str) -> Page:
    page = contexts().new_page()
    sign_in_page(page, member, PASSWORD + "!")
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Changed:")


def test_a_tool_that_is_turned_off_is_gone_in_another_browser(admin_page: Page, member_page: Page) -> None:
    expect(member_page.get_by_role("link", name="Crop")).to_be_visible()
    admin_page.goto("/admin/settings/")
    admin_page.get_by_role("searchbox", name="Find a tool").fill("cro")
    expect(admin_page.locator(".picker-option:visible")).to_have_count(1)
    admin_page.get_by_label("Crop").check()
    save(admin_page)
    member_page.goto("/")
    expect(member_page.get_by_role("link", name="Resize")).to_be_visible()
    expect(member_page.get_by_role("link", name="Crop")).to_have_count(0)
    admin_page.get_by_role("button", name="Use it for Disabled tools").click()
    save(admin_page)
    member_page.reload()
    expect(member_page.get_by_role("link", name="Crop")).to_be_visible()


def test_a_mistake_is_said_at_the_setting(admin_page: Page) -> None:
    admin_page.goto("/admin/settings/")
    field = admin_page.get_by_label("Least length")
    field.fill("3")
    admin_page.get_by_role("button", name="Save").click()
    expect(admin_page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(field).to_have_value("3")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("Of a new password Must be a whole number from 8 to 128.")
    assert violations(admin_page) == []


def test_a_session_that_is_ended_is_signed_out(admin_page: Page, member_page: Page, member: str) -> None:
    admin_page.goto(f"/admin/accounts/session/?q={member}")
    admin_page.get_by_role("checkbox", name=f"Session of {member}").first.check()
    admin_page.get_by_role("button", name="End").click()
    expect(admin_page.get_by_role("status")).to_contain_text("Sessions ended: 1.")
    member_page.goto("/account")
    assert "/login" in member_page.url


def test_the_audit_log_is_narrowed_down_to_one_kind_of_entry(admin_page: Page) -> None:
    admin_page.goto("/admin/audit/auditentry/")
    admin_page.get_by_text("Action: All").click()
    admin_page.get_by_role("link", name="Signed in").click()
    expect(admin_page.get_by_text("Action: Signed in")).to_be_visible()
    assert set(admin_page.locator("td.field-what").all_inner_texts()) == {"Signed in"}
    with admin_page.expect_download() as download:
        admin_page.get_by_role("link", name="Export as CSV").click()
    assert "LOGIN_SUCCESS" in download.value.path().read_text()
    admin_page.locator("tbody th a").first.click()
    expect(admin_page.get_by_text('"username"')).to_be_visible()
    assert violations(admin_page) == []


def test_a_newcomer_chooses_a_password_before_administering(
    browser: Browser, fresh_server: RunningServer
) -> None:
    context = browser.new_context(base_url=fresh_server.url)
    page = context.new_page()
    sign_in_page(page, "admin", "admin")
    page.goto("/admin/settings/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose your password")
    assert page.url.endswith("/change-password?next=%2Fadmin%2Fsettings%2F")
    context.close()


def test_who_is_no_administrator_is_not_led_there(member_page: Page) -> None:
    expect(member_page.get_by_role("link", name="Administration")).to_have_count(0)
    member_page.goto("/admin/")
    expect(member_page.get_by_role("heading", level=1)).to_contain_text("Forbidden")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_and_the_console_stays_silent(open_admin: Open, colours: str) -> None:
    """A violation of the content security policy is an error in the console."""
    page = open_admin(color_scheme=colours)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    found = {}
    for address in PAGES:
        page.goto(address)
        found[address] = violations(page)
    page.locator(".filter summary").first.click()
    found["a filter"] = violations(page)
    assert {place: problems for place, problems in found.items() if problems} == {}
    assert said == []


def test_a_phone_never_scrolls_sideways_and_can_be_tapped(open_admin: Open) -> None:
    page = open_admin(**PHONE)
    for address in PAGES:
        page.goto(address)
        assert excess_width(page) == 0, address
        selector = ".admin-nav a, main button, main select, main summary, header summary"
        assert too_small_to_tap(page, selector) == [], address
        for filter in page.locator(".filter summary").all():
            filter.click()
            assert excess_width(page) == 0, address
            page.keyboard.press("Escape")


def test_an_empty_list_says_so(admin_page: Page) -> None:
    admin_page.goto("/admin/accounts/apikey/?q=no-such-key")
    expect(admin_page.get_by_text("There are no API keys that fit.")).to_be_visible()
    expect(admin_page.get_by_role("button", name="Revoke")).to_be_hidden()
    assert violations(admin_page) == []


def test_it_works_without_scripts(open_admin: Open) -> None:
    page = open_admin(java_script_enabled=False)
    page.goto("/admin/settings/")
    page.get_by_label("Sessions of one user").fill("50")
    save(page)
    page.get_by_label("Sessions of one user").fill("0")
    save(page)
    page.goto("/admin/processing/job/")
    page.get_by_text("Status: All").click()
    page.get_by_role("link", name="Failed").click()
    expect(page.get_by_text("Status: Failed")).to_be_visible()
