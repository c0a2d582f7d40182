"""What the browser tests of every page do: sign in, look for what a screen reader trips over."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState

from tests.running import ADMIN_PASSWORD, RunningServer

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def sign_in_page(page: Page, username: str = "admin", password: str = ADMIN_PASSWORD) -> None:
    page.goto("/login")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def signed_in_state(browser: Browser, server: RunningServer) -> StorageState:
    """The cookies of a new session of the administrator."""
    context = browser.new_context(base_url=server.url)
    sign_in_page(context.new_page())
    cookies = context.storage_state()
    context.close()
    return cookies


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response
    assert found["passes"], "axe looked at nothing"
    return [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found["violations"]]


def excess_width(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    assert page.viewport_size is not None  # innerWidth grows with what is too wide for a phone
    return int(page.evaluate("document.documentElement.scrollWidth")) - page.viewport_size["width"]


def too_small_to_tap(page: Page, selector: str) -> list[str]:
    """The texts of what is seen and smaller than 44 pixels either way."""
    small: list[str] = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)]
            .filter((element) => element.checkVisibility())
            .map((element) => [element.textContent.trim(), element.getBoundingClientRect()])
            .filter(([, box]) => box.width < 44 || box.height < 44)
            .map(([text]) => text)""",
        selector,
    )
    return small
