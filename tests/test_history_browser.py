"""The history in a real browser: it follows what goes on, and what it lists can be gone on with."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from processing.tests.images import make_image
from tests.browsing import PHONE, excess_width, signed_in_state, too_small_to_tap, violations
from tests.conftest import sign_in
from tests.running import RunningServer

pytestmark = pytest.mark.system

LONG_NAME = "a name that nobody types but cameras do " * 3 + ".jpg"


def picture() -> bytes:
    buffer = io.BytesIO()
    make_image("RGB", (600, 400), "photo").save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def running(idle_server: RunningServer) -> RunningServer:
    return idle_server


@pytest.fixture(scope="module")
def client(running: RunningServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sign_in(running)}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def state(browser: Browser, running: RunningServer) -> StorageState:
    return signed_in_state(browser, running)


@pytest.fixture
def open_context(browser: Browser, running: RunningServer, state: Any) -> Iterator[Any]:
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        made.append(browser.new_context(base_url=running.url, storage_state=state, **options))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(open_context: Any) -> Page:
    opened: Page = open_context(viewport={"width": 1280, "height": 900}).new_page()
    return opened


@pytest.fixture(autouse=True)
def nothing_ran(running: RunningServer) -> None:
    running.sql("DELETE FROM jobs")


def run(client: httpx.Client, *, tool: str = "resize", name: str = "otter.jpg", **headers: str) -> str:
    settings = {"resize": '{"width": 300}', "crop": '{"left": 9000, "top": 0, "width": 1, "height": 1}'}[tool]
    answer = client.post(
        f"/api/v1/tools/image/{tool}",
        files={"file": (name, picture())},
        data={"settings": settings},
        headers=headers,
    )
    return str(answer.json().get("jobId", ""))


def queue(client: httpx.Client, name: str = "otter.jpg") -> str:
    """A job that waits until the test says what becomes of it."""
    return run(client, name=name, Prefer="respond-async")


def every_state(client: httpx.Client, running: RunningServer) -> None:
    expired = run(client)
    running.sql("UPDATE jobs SET delete_after = now() - interval '1 hour' WHERE id = %s", expired)
    run(client, tool="crop")
    canceled, busy = queue(client), queue(client)
    client.post(f"/api/v1/jobs/{canceled}/cancel")
    begin(running, busy)
    queue(client)
    run(client, name=LONG_NAME)


def begin(running: RunningServer, job_id: str) -> None:
    """As if a worker had it."""
    running.sql(
        "UPDATE jobs SET status = 'processing', attempts = 1, progress = 0.4, stage = 'encoding',"
        " lease_until = now() + interval '1 hour' WHERE id = %s",
        job_id,
    )


def test_a_row_follows_its_job_until_it_is_over(
    page: Page, client: httpx.Client, running: RunningServer
) -> None:
    job_id = queue(client)
    page.goto("/jobs")
    row = page.locator(f"#job-{job_id}")
    expect(row).to_contain_text("Waiting for its turn")
    begin(running, job_id)
    expect(row.get_by_role("progressbar")).to_have_attribute("value", "40")
    running.sql("UPDATE jobs SET status = 'failed', error = 'It is damaged' WHERE id = %s", job_id)
    expect(row).to_contain_text("It is damaged")
    expect(page.locator("#history-news")).to_have_text("Resize, otter.jpg: failed.")
    expect(page.locator("#history-live")).to_have_count(0)
    expect(row.locator("time")).to_have_attribute("title", re.compile("UTC$"))  # which it does not show


def test_a_waiting_job_is_canceled_and_the_keyboard_stays_in_its_row(
    page: Page, client: httpx.Client
) -> None:
    other, job_id = queue(client, "other.jpg"), queue(client)
    page.goto("/jobs")
    button = page.get_by_role("button", name="Cancel Resize of otter.jpg")
    button.focus()
    page.keyboard.press("Enter")
    row = page.locator(f"#job-{job_id}")
    expect(row).to_have_attribute("data-state", "canceled")
    expect(row.locator("h2 a")).to_be_focused()
    expect(page.locator(f"#job-{other}")).to_have_attribute("data-state", "running")


def test_a_result_is_seen_and_downloaded_after_the_tab_was_closed(
    open_context: Any, client: httpx.Client
) -> None:
    context = open_context()
    first = context.new_page()
    first.goto("/jobs")
    job_id = run(client)
    first.close()
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="History").click()
    shown = page.locator(f"#job-{job_id} img")
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    with page.expect_download() as download:
        page.get_by_role("link", name="Download otter_resize.jpg").click()
    assert download.value.suggested_filename == "otter_resize.jpg"


def test_it_runs_again_with_the_same_settings_and_the_same_picture(page: Page, client: httpx.Client) -> None:
    run(client)
    page.goto("/jobs")
    page.locator("summary", has_text="More for Resize of otter.jpg").click()
    page.get_by_role("link", name="Run again").click()
    expect(page.get_by_label("Width", exact=True)).to_have_value("300")
    expect(page.locator("[data-file-name]")).to_have_text("otter.jpg")
    page.locator(".button-run").click()
    expect(page.locator(".facts")).to_contain_text("300 × 200")


def test_a_result_goes_on_into_another_tool(page: Page, client: httpx.Client) -> None:
    job_id = run(client)
    page.goto(f"/jobs/{job_id}")
    page.get_by_role("link", name="Continue in another tool").click()
    expect(page.locator(".hero")).to_contain_text("otter_resize.jpg")
    page.get_by_role("searchbox").fill("smaller")
    page.reload()
    page.get_by_role("link", name="Compress").click()
    expect(page.locator("[data-file-facts]")).to_contain_text("300 × 200 px")
    page.locator(".button-run").click()
    expect(page.locator("#result-title")).to_be_focused()


def test_a_picture_that_is_gone_meanwhile_is_asked_for(page: Page, client: httpx.Client) -> None:
    job_id = run(client)
    page.route("**/api/v1/download/**", lambda route: route.fulfill(status=404))
    page.goto(f"/tools/image/compress?from={job_id}")
    expect(page.locator("#result [role=alert]")).to_have_text(
        "otter_resize.jpg cannot be loaded. Choose a picture."
    )


def test_a_running_job_is_canceled_on_its_page(
    page: Page, client: httpx.Client, running: RunningServer
) -> None:
    job_id = queue(client)
    page.goto(f"/jobs/{job_id}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#outcome")).to_contain_text("This run was canceled")


def test_it_works_without_scripts(open_context: Any, client: httpx.Client) -> None:
    page = open_context(java_script_enabled=False).new_page()
    job_id = queue(client)
    page.goto("/jobs?state=unfinished")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_label("State").select_option("Canceled")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(f"#job-{job_id}")).to_contain_text("Canceled")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing(
    open_context: Any, client: httpx.Client, running: RunningServer, colours: str
) -> None:
    page = open_context(color_scheme=colours).new_page()
    page.goto("/jobs")
    found = {"nothing": violations(page)}
    every_state(client, running)
    page.goto("/jobs?everybody=1")
    found["every state"] = violations(page)
    page.locator(".job-row .menu summary").first.click()
    found["a menu"] = violations(page)
    for address in [link.get_attribute("href") for link in page.locator(".job-row h2 a").all()]:
        page.goto(address or "")
        found[page.locator("#outcome").get_attribute("data-state") or ""] = violations(page)
    assert {place: problems for place, problems in found.items() if problems} == {}
    assert {"running", "failed", "canceled", "expired", "done"} <= found.keys()


def test_a_phone_never_scrolls_sideways_and_everything_can_be_tapped(
    open_context: Any, client: httpx.Client, running: RunningServer
) -> None:
    every_state(client, running)
    page = open_context(**PHONE).new_page()
    page.goto("/jobs?everybody=1")
    assert excess_width(page) == 0
    assert too_small_to_tap(page, "main button, main select, main .button, main summary") == []
    page.locator(".job-row .menu summary").first.click()
    assert excess_width(page) == 0


def test_the_console_stays_silent(page: Page, client: httpx.Client, running: RunningServer) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    every_state(client, running)
    with page.expect_response("**/jobs/live*"):
        page.goto("/jobs")
    assert said == []
