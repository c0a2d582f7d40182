"""The account page in a real browser: keys that work with curl, sessions that end elsewhere."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from processing.tests.images import make_image
from tests.browsing import PHONE, excess_width, sign_in_page, too_small_to_tap, violations
from tests.running import RunningServer

pytestmark = pytest.mark.system

PASSWORD = "Otter-8-dives"
KEY = re.compile(r"si_[0-9a-f]{96}")
PAGES = ("/account", "/change-password", "/account/keys", "/account/sessions", "/account/activity")

Open = Callable[..., Page]


@pytest.fixture
def member(client: httpx.Client) -> str:
    """The name of a new user."""
    username = f"otto-{uuid4().hex[:12]}"
    client.post("/api/auth/register", json={"username": username, "password": PASSWORD}).raise_for_status()
    return username


@pytest.fixture
def open_page(browser: Browser, server: RunningServer, member: str) -> Iterator[Open]:
    """Sign the member in, each time in a browser context of its own."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(base_url=server.url, **options)
        made.append(context)
        page = context.new_page()
        sign_in_page(page, member, PASSWORD)
        return page

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(open_page: Open) -> Page:
    return open_page(viewport={"width": 1280, "height": 800})


def create_key(page: Page, name: str = "nightly") -> str:
    page.goto("/account/keys/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create key").click()
    return page.locator("#new-key").inner_text()


def sign_in_asked(page: Page) -> bool:
    page.goto("/account")
    return "/login" in page.url


def test_a_key_is_created_and_works_with_the_command_that_is_shown(page: Page, tmp_path: Path) -> None:
    make_image("RGB", (120, 80), "photo").save(tmp_path / "photo.jpg")
    page.goto("/")
    page.locator(".account-menu summary").click()
    page.get_by_role("link", name="API keys").click()
    expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()
    page.get_by_role("link", name="New key").click()
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_label("Only what I choose").check()
    page.get_by_role("checkbox", name="Use tools").check()
    page.get_by_label("30 days").check()
    page.get_by_role("button", name="Create key").click()
    command = page.locator("#try-key").inner_text()
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '"downloadUrl"' in ran.stdout
    page.get_by_role("link", name="Done, show all keys").click()
    entry = page.get_by_role("listitem").filter(has_text="nightly")
    expect(entry).to_contain_text("Use tools")
    expect(entry).not_to_contain_text("Never")  # it was used, and it ends
    page.goto("/account/activity")
    expect(page.locator(".doings li").first).to_contain_text("Created an API key nightly")


def test_neither_reload_nor_back_shows_the_key_again(page: Page) -> None:
    create_key(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
    expect(page.locator(".entry")).to_have_count(1)
    create_key(page)
    page.get_by_role("link", name="Done, show all keys").click()
    expect(page.locator(".entry")).to_have_count(2)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("New API key")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")


def test_the_form_sent_again_creates_no_second_key(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    create_key(page)
    page.reload()
    expect(page.get_by_role("status").first).to_contain_text("This key was created already")
    assert not KEY.search(page.content())
    expect(page.locator(".entry")).to_have_count(1)


def test_a_key_is_deleted_in_a_second_step(page: Page, server: RunningServer) -> None:
    key = create_key(page)
    page.goto("/account/keys")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete key").click()
    expect(page.get_by_role("status").first).to_contain_text("The key is deleted.")
    answer = httpx.get(f"{server.url}/api/v1/api-keys", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401


def test_a_key_is_copied(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    key = create_key(page)
    page.get_by_role("button", name="Copy key").click()
    expect(page.locator(".copy-said").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == key


def test_without_a_clipboard_a_key_is_selected(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.add_init_script("document.execCommand = () => false")
    key = create_key(page)
    page.get_by_role("button", name="Copy key").click()
    expect(page.locator(".copy-said").first).to_have_text("Selected; press Ctrl+C")
    assert page.evaluate("String(getSelection())") == key


def test_a_session_is_ended_in_another_browser(page: Page, open_page: Open) -> None:
    other = open_page(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0")
    page.goto("/account/sessions")
    entry = page.get_by_role("listitem").filter(has_text="Firefox on Linux")
    entry.get_by_text("End", exact=True).click()
    entry.get_by_role("button", name="End session").click()
    expect(page.get_by_role("status").first).to_contain_text("The session is ended.")
    expect(page.locator(".entry")).to_have_count(1)
    assert sign_in_asked(other)
    assert not sign_in_asked(page)


def test_all_other_sessions_are_ended(page: Page, open_page: Open) -> None:
    others = [open_page(), open_page()]
    page.goto("/account/sessions")
    page.get_by_text("End all others").click()
    page.get_by_role("button", name="End 2 sessions").click()
    expect(page.get_by_role("status").first).to_contain_text("Only this one is left.")
    assert [sign_in_asked(other) for other in others] == [True, True]


def test_a_new_password_ends_the_rest_and_stays_here(page: Page, open_page: Open) -> None:
    other = open_page()
    create_key(page)
    page.goto("/change-password")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("Otter-7-sleeps")
    page.get_by_label("New password again").fill("Otter-7-sleeps")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").first).to_contain_text("Your password is changed.")
    page.goto("/account/keys")
    expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()
    assert sign_in_asked(other)


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/account/keys")
    page.get_by_role("link", name="New key").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/keys/new")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Only what I choose")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Use tools")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#new-key")).to_be_visible()
    page.goto("/account/keys")
    question = page.locator(".entry summary")
    question.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete key")).to_be_hidden()
    expect(question).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Delete key")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()


def test_it_works_without_scripts(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert KEY.fullmatch(create_key(page))
    expect(page.get_by_role("button", name="Copy key")).to_be_hidden()
    page.goto("/account/keys")
    expect(page.locator("time").first).to_contain_text("UTC")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete key").click()
    expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()


def states(page: Page) -> Iterator[str]:
    """Go through what the account page can look like."""
    for url in PAGES:
        page.goto(url)
        yield url
    create_key(page, "A key whose name is long: " + "x" * 60)
    yield "a new key"
    page.goto("/account/keys")
    page.locator(".entry summary").click()
    yield "a question"
    page.goto("/account/keys/new")
    page.get_by_label("Only what I choose").check()
    page.get_by_label("On a day").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    yield "a form at fault"


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, colours: str) -> None:
    page = open_page(color_scheme=colours)
    found = {state: violations(page) for state in states(page)}
    assert {state: problems for state, problems in found.items() if problems} == {}


def test_a_phone_never_scrolls_sideways_and_hits_what_is_tapped(open_page: Open) -> None:
    page = open_page(**PHONE)
    tapped = "main button, main summary, main a.button, main label.chip, main label.check, .account-nav a"
    wrong = {state: (excess_width(page), too_small_to_tap(page, tapped)) for state in states(page)}
    assert {state: found for state, found in wrong.items() if found != (0, [])} == {}


def test_the_console_stays_silent(page: Page) -> None:
    """A violation of the content security policy is an error in the console."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    assert len(list(states(page))) == len(PAGES) + 3
    assert said == []
