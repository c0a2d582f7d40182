"""A run that goes on, in a real browser: what breaks on its way or is clicked meanwhile takes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, StorageState, expect

from processing.tests.images import make_image
from tests.browsing import signed_in_state
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system

RESIZE = "/tools/image/resize"
MANY = 101  # more than one page of files
HIDE = "Object.defineProperty(document, 'hidden', {get: () => window.isHidden ?? false})"


@pytest.fixture(scope="module")
def state(browser: Browser, idle_server: RunningServer) -> StorageState:
    return signed_in_state(browser, idle_server)


@pytest.fixture
def page(browser: Browser, idle_server: RunningServer, state: Any) -> Iterator[Page]:
    idle_server.sql("DELETE FROM jobs")
    context = browser.new_context(
        base_url=idle_server.url, storage_state=state, viewport={"width": 1280, "height": 900}
    )
    yield context.new_page()
    context.close()


def photos(directory: Path, count: int) -> list[Path]:
    paths = [directory / f"IMG_{number}.png" for number in range(count)]
    make_image("RGB", (60, 40)).save(paths[0])
    for path in paths[1:]:
        path.write_bytes(paths[0].read_bytes())
    return paths


def send(page: Page, paths: list[Path]) -> None:
    """A batch that waits, on the page of its tool."""
    page.goto(RESIZE)
    page.locator("input[type=file]").set_input_files(paths)
    expect(page.locator("[data-file-name]")).to_have_text(f"{len(paths)} pictures")
    page.get_by_label("Width", exact=True).fill("30")
    page.locator(".button-run").click()
    expect(page.locator("#outcome[data-state=running]")).to_be_visible()


def fail_one(server: RunningServer) -> None:
    """As if a worker had tried the next file."""
    server.sql(
        "UPDATE jobs SET status = 'failed', error = 'It is damaged', completed_at = now() WHERE id ="
        " (SELECT id FROM jobs WHERE parent_id IS NOT NULL AND status = 'queued' ORDER BY created_at LIMIT 1)"
    )
    server.sql(
        "UPDATE jobs SET status = 'processing', lease_until = now() + interval '1 hour' WHERE type = 'batch'"
    )


def end(server: RunningServer) -> None:
    server.sql(
        "UPDATE jobs SET status = 'failed', error = 'It is damaged', completed_at = now()"
        " WHERE parent_id IS NOT NULL AND status = 'queued'"
    )
    server.sql(
        "UPDATE jobs SET status = 'failed', error = 'All failed', completed_at = now() WHERE type = 'batch'"
    )


def expect_end(page: Page, count: int) -> None:
    expect(page.get_by_role("heading", name=f"None of {count} files done")).to_be_visible(timeout=20_000)


def batch_page(page: Page) -> str:
    """The address of the batch's own page."""
    return page.locator(".running-note a").get_attribute("href") or ""


@pytest.mark.parametrize("on_its_page", [False, True])
def test_a_batch_is_followed_again_after_the_network_was_away(
    page: Page, idle_server: RunningServer, tmp_path: Path, on_its_page: bool
) -> None:
    send(page, photos(tmp_path, 3))
    if on_its_page:
        page.goto(batch_page(page))
    page.context.set_offline(True)
    page.wait_for_timeout(3000)
    expect(page.locator("#outcome[data-state=running]")).to_be_visible()
    expect(page.locator("#batch-files li")).to_have_count(3)
    page.context.set_offline(False)
    fail_one(idle_server)
    expect(page.locator("[data-stage]")).to_have_text("1 of 3 files, 1 failed", timeout=20_000)
    expect(page.locator("[data-lost]")).to_be_hidden()
    end(idle_server)
    expect_end(page, 3)


@pytest.mark.parametrize("on_its_page", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503, "body": "no server is available", "content_type": "text/plain"},
        {"status": 502, "body": "<html><title>502 Bad Gateway</title></html>", "content_type": "text/html"},
        {"status": 503, "body": "<p>Back soon</p>", "content_type": "text/html"},
    ],
)
def test_a_proxy_that_answers_with_errors_takes_nothing_away(
    page: Page, idle_server: RunningServer, tmp_path: Path, on_its_page: bool, answer: dict[str, Any]
) -> None:
    send(page, photos(tmp_path, 3))
    address = batch_page(page)
    if on_its_page:
        page.goto(address)

    def refuse(route: Route) -> None:
        route.fulfill(**answer)

    page.route("**/progress", refuse)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # follows anew
    page.route(f"**{address}?*", refuse)
    with page.expect_response(f"**{address}?*"):
        fail_one(idle_server)
    page.wait_for_timeout(1500)
    expect(page.locator("#outcome[data-state=running]")).to_be_visible()
    expect(page.locator("#batch-files li")).to_have_count(3)
    page.unroute(f"**{address}?*", refuse)
    end(idle_server)
    expect_end(page, 3)


@pytest.mark.parametrize("on_its_page", [False, True])
def test_files_are_looked_through_while_they_are_worked_on(
    page: Page, idle_server: RunningServer, tmp_path: Path, on_its_page: bool
) -> None:
    send(page, photos(tmp_path, MANY))
    if on_its_page:
        page.goto(batch_page(page))
    fail_one(idle_server)
    expect(page.locator("#batch-files li").first).to_contain_text("It is damaged")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#batch-files li")).to_have_count(1)
    expect(page.get_by_role("heading", name="Files", exact=True)).to_be_focused()
    expect(page.locator("#outcome").get_by_role("button", name="Cancel")).to_be_visible()
    end(idle_server)
    expect_end(page, MANY)
    expect(page.locator("#batch-files li")).to_have_count(1)  # still on its second page
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("#batch-files li")).to_have_count(100)
    expect(page.get_by_role("heading", name="Files", exact=True)).to_be_focused()


def test_the_end_of_a_long_batch_is_in_view(page: Page, idle_server: RunningServer, tmp_path: Path) -> None:
    send(page, photos(tmp_path, 60))
    page.mouse.wheel(0, 900)
    end(idle_server)
    expect_end(page, 60)
    page.wait_for_timeout(1000)  # a smooth scroll
    expect(page.locator("#result-title")).to_be_in_viewport()
    expect(page.locator(".outcome-actions")).to_be_in_viewport()


def test_nothing_is_taken_out_of_what_is_on_its_way(page: Page, tmp_path: Path) -> None:
    page.goto(RESIZE)
    page.route(f"**{RESIZE}", lambda route: None)  # an upload that takes long
    page.locator("input[type=file]").set_input_files(photos(tmp_path, 3))
    remove = page.get_by_role("button", name="Remove IMG_1.png")
    expect(remove).to_be_visible()
    page.get_by_label("Width", exact=True).fill("30")
    page.locator(".button-run").click()
    expect(page.locator("[data-working]")).to_be_visible()
    expect(remove).to_be_hidden()
    expect(page.get_by_role("button", name="Replace")).to_be_hidden()
    page.evaluate("document.querySelector('[data-action=remove-file]').click()")
    page.evaluate("document.querySelector('[data-action=remove]').click()")
    expect(page.locator("[data-working]")).to_be_visible()
    expect(page.locator("[data-file-name]")).to_have_text("3 pictures")
    page.locator("[data-working]").get_by_role("button", name="Cancel").click()
    expect(remove).to_be_visible()


def test_whoever_waits_in_another_tab_or_hears_the_page_is_told(
    page: Page, idle_server: RunningServer, tmp_path: Path
) -> None:
    send(page, photos(tmp_path, 4))
    page.goto(batch_page(page))
    expect(page).to_have_title("Running · Resize: 4 files · SnapOtter")
    fail_one(idle_server)
    expect(page).to_have_title("25 % · Resize: 4 files · SnapOtter")
    expect(page.locator("#job-news")).to_have_text("25 %. 1 of 4 files, 1 failed")
    end(idle_server)
    expect(page.locator("#job-news")).to_have_text("Ended. None of 4 files done.")
    expect(page).to_have_title("Failed · Resize: 4 files · SnapOtter")


def test_a_hidden_tab_asks_seldom_and_hears_of_the_end(
    page: Page, idle_server: RunningServer, tmp_path: Path
) -> None:
    send(page, photos(tmp_path, 3))
    page.add_init_script(HIDE)
    page.goto(batch_page(page))
    page.evaluate("window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fail_one(idle_server)
    page.wait_for_timeout(3000)
    assert asked == []
    end(idle_server)
    expect(page).to_have_title("Failed · Resize: 3 files · SnapOtter", timeout=20_000)


def test_the_keyboard_stays_where_a_run_was_canceled(page: Page, tmp_path: Path) -> None:
    send(page, photos(tmp_path, 3))
    page.goto(batch_page(page))
    page.locator("#cancel").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Canceled")).to_be_focused()
    expect(page.locator(".outcome")).to_contain_text("No file was done before.")
    expect(page.locator("#job-news")).to_have_text("Ended. Canceled.")


def test_the_keyboard_stays_on_a_row_that_is_followed(
    page: Page, idle_server: RunningServer, tmp_path: Path
) -> None:
    send(page, photos(tmp_path, 3))
    page.goto("/jobs")
    page.evaluate(
        """() => {
            window.visited = [];
            document.addEventListener("focusin", (event) => window.visited.push(event.target.outerHTML));
        }"""
    )
    page.get_by_role("button", name="Cancel Resize of 3 files").focus()
    fail_one(idle_server)
    expect(page.locator(".job-state")).to_contain_text("1 of 3 files, 1 failed")
    with page.expect_response("**/jobs/live*"):
        pass
    page.wait_for_timeout(500)
    assert len(page.evaluate("window.visited")) == 1
    expect(page.get_by_role("button", name="Cancel Resize of 3 files")).to_be_focused()


def test_a_hidden_history_asks_nothing_and_looks_when_it_is_seen(
    page: Page, idle_server: RunningServer, tmp_path: Path
) -> None:
    send(page, photos(tmp_path, 3))
    page.add_init_script(HIDE)
    page.goto("/jobs")
    page.evaluate("window.isHidden = true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert asked == []
    end(idle_server)
    page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".job-row")).to_have_attribute("data-state", "failed")


def test_whoever_signs_in_anew_comes_back_to_the_history(
    page: Page, idle_server: RunningServer, tmp_path: Path
) -> None:
    send(page, photos(tmp_path, 3))
    page.goto("/jobs?everybody=1&state=unfinished")
    page.context.clear_cookies(name="snapotter-session")
    page.wait_for_url("**/login?next=*")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs?state=unfinished&everybody=1")
    expect(page.locator(".job-row")).to_have_count(1)
