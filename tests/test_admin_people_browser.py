"""Users, roles and teams of the admin site in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browsing import PHONE, excess_width, too_small_to_tap, violations
from tests.running import RunningServer

pytestmark = pytest.mark.system

PASSWORD = "Otter-8-dives"
ROLES, USERS, TEAMS = (f"/admin/accounts/{model}/" for model in ("role", "user", "team"))

Open = Callable[..., Page]


@pytest.fixture
def open_admin(browser: Browser, server: RunningServer, state: Any) -> Iterator[Open]:
    made: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        made.append(browser.new_context(base_url=server.url, storage_state=state, **options))
        return made[-1].new_page()

    yield open_page
    for context in made:
        context.close()


@pytest.fixture
def page(open_admin: Open) -> Page:
    return open_admin(viewport={"width": 1280, "height": 800})


@pytest.fixture
def unique() -> str:
    return uuid4().hex[:12]


@pytest.fixture
def role(client: httpx.Client, unique: str) -> Iterator[dict[str, Any]]:
    """A role with its holder."""
    body = {"name": f"role-{unique}", "permissions": ["tools:use", "settings:read"]}
    made = client.post("/api/v1/roles", json=body).raise_for_status().json()
    holder = {"username": f"holder-{unique}", "password": PASSWORD, "role": made["name"]}
    user = client.post("/api/auth/register", json=holder).raise_for_status().json()
    yield {**made, "holder": holder["username"], "holder_id": user["id"]}
    client.delete(f"/api/auth/users/{user['id']}").raise_for_status()
    client.delete(f"/api/v1/roles/{made['id']}")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("successfully")


def test_a_newcomer_gets_a_password_that_was_made_up(page: Page, unique: str, server: RunningServer) -> None:
    page.goto(USERS)
    page.get_by_role("link", name="Add user").click()
    page.get_by_label("User name").fill(f"dora-{unique}")
    field = page.get_by_label("First password")
    page.get_by_role("button", name="Make one up").click()
    made_up = field.input_value()
    page.get_by_role("button", name="Make one up").click()
    assert len({made_up, field.input_value()}) == 2
    expect(field).to_be_focused()
    password = field.input_value()
    save(page)
    sign_in = {"username": f"dora-{unique}", "password": password}
    assert httpx.post(f"{server.url}/api/auth/login", json=sign_in).status_code == 200
    page.get_by_role("searchbox").fill(f"dora-{unique}")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status")).to_contain_text("Disabled: 1.")
    assert httpx.post(f"{server.url}/api/auth/login", json=sign_in).status_code == 403


def test_a_role_is_edited_with_the_keyboard_alone(page: Page, role: dict[str, Any]) -> None:
    page.goto(f"{ROLES}{role['id']}/change/")
    expect(page.get_by_text("What you save acts at once on 1 user,")).to_be_visible()
    expect(page.get_by_role("link", name=role["holder"])).to_be_visible()
    box = page.get_by_role("checkbox", name="Own files")
    expect(box).to_have_accessible_description("Keep, open and delete one's own files.")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("radio", name="Every tool").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("checkbox", name="Essentials")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("checkbox", name="Essentials")).to_be_hidden()
    page.get_by_role("checkbox", name="Crop").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save and stay").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("successfully")
    expect(page.get_by_role("checkbox", name="Own files")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Crop")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Resize")).not_to_be_checked()


def test_a_mistake_is_said_at_its_field(page: Page, role: dict[str, Any]) -> None:
    page.goto(f"{ROLES}{role['id']}/change/")
    page.get_by_label("Name", exact=True).fill("editor")
    page.get_by_role("button", name="Save", exact=True).click()
    field = page.get_by_label("Name", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("There is a role of that name already")).to_be_visible()
    assert violations(page) == []


def test_a_team_is_made_used_and_deleted(page: Page, unique: str, role: dict[str, Any]) -> None:
    page.goto(f"{TEAMS}add/")
    page.get_by_label("Name").fill(f"Otters {unique}")
    page.get_by_label("Storage quota").fill("1.5 GB")
    save(page)
    expect(page.get_by_role("row", name=f"Otters {unique}")).to_contain_text("1.5 GB")
    page.goto(f"{USERS}{role['holder_id']}/change/")
    page.get_by_label("Team").select_option(f"Otters {unique}")
    save(page)
    page.goto(f"{USERS}?q={role['holder']}")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("Team").select_option("Default")
    page.get_by_role("button", name="Move to the team").click()
    expect(page.get_by_role("status")).to_contain_text("Moved to Default: 1.")
    page.goto(TEAMS)
    page.get_by_role("link", name=f"Otters {unique}").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("successfully")


def addresses(role: dict[str, Any]) -> list[str]:
    of_role, of_user = f"{ROLES}{role['id']}/", f"{USERS}{role['holder_id']}/"
    return [
        *(ROLES, f"{ROLES}add/", f"{of_role}change/", f"{of_role}delete/"),
        *(USERS, f"{USERS}add/", f"{of_user}change/", f"{of_user}password/", f"{of_user}delete/"),
        *(TEAMS, f"{TEAMS}add/"),
    ]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_and_the_console_stays_silent(
    open_admin: Open, colours: str, role: dict[str, Any]
) -> None:
    """A violation of the content security policy is an error in the console."""
    page = open_admin(color_scheme=colours)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    found = {}
    for address in addresses(role):
        page.goto(address)
        found[address] = violations(page)
    page.goto(ROLES)
    page.get_by_role("link", name="editor").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("editor")
    found["a built-in role"] = violations(page)
    assert {place: problems for place, problems in found.items() if problems} == {}
    assert said == []


def test_a_phone_never_scrolls_sideways_and_can_be_tapped(open_admin: Open, role: dict[str, Any]) -> None:
    page = open_admin(**PHONE)
    selector = "main button, main select, main summary, main .permission-option label, .holders a"
    for address in addresses(role):
        page.goto(address)
        assert excess_width(page) == 0, address
        assert too_small_to_tap(page, selector) == [], address


def test_it_works_without_scripts(open_admin: Open, role: dict[str, Any]) -> None:
    page = open_admin(java_script_enabled=False)
    page.goto(f"{ROLES}{role['id']}/change/")
    page.get_by_role("radio", name="Only these categories").check()
    page.get_by_role("checkbox", name="Essentials").check()
    save(page)
    page.goto(f"{USERS}{role['holder_id']}/password/")
    expect(page.get_by_role("button", name="Make one up")).to_be_hidden()
    page.get_by_label("New password").fill(PASSWORD + "!")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("status")).to_contain_text("has a new password")
