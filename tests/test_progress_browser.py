"""The page of a job that goes on, in a real browser: events move it, or polling where none come through."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browsing import sign_in_page
from tests.running import RunningServer
from tests.test_crashes import picture

pytestmark = pytest.mark.system


@pytest.fixture
def job_id(client: httpx.Client, server: RunningServer) -> str:
    """A job that has ended, made to go on: how far it is, and when it ends, says the test."""
    answer = client.post(
        "/api/v1/tools/image/resize",
        files={"file": ("otter.jpg", picture(600, 400))},
        data={"settings": '{"width": 300}'},
    )
    job_id = str(answer.json()["jobId"])
    server.sql(
        "UPDATE jobs SET status = 'processing', progress = 0.1, stage = 'decoding',"
        " lease_until = now() + interval '1 hour' WHERE id = %s",
        job_id,
    )
    return job_id


def complete(server: RunningServer, job_id: str) -> None:
    server.sql("UPDATE jobs SET status = 'completed', progress = 1 WHERE id = %s", job_id)


def open_job(page: Page, job_id: str) -> list[str]:
    """The page of the job; the list grows by every request for how it is."""
    sign_in_page(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/jobs/{job_id}")
    expect(page.locator("#outcome")).to_contain_text("Decoding")
    asked.clear()
    return asked


def test_events_move_the_bar_and_bring_the_result(page: Page, server: RunningServer, job_id: str) -> None:
    asked = open_job(page, job_id)
    server.sql("UPDATE jobs SET progress = 0.6, stage = 'encoding' WHERE id = %s", job_id)
    expect(page.locator("#run-progress")).to_have_js_property("value", 60)
    expect(page.locator("#outcome")).to_contain_text("Encoding")
    assert [url for url in asked if not url.endswith("/progress")] == []
    complete(server, job_id)
    expect(page.locator("#result-title")).to_be_visible()


def test_where_no_events_come_through_it_asks(page: Page, server: RunningServer, job_id: str) -> None:
    page.route("**/progress", lambda route: route.fulfill(status=502))
    open_job(page, job_id)
    server.sql("UPDATE jobs SET progress = 0.6 WHERE id = %s", job_id)
    expect(page.locator("#run-progress")).to_have_js_property("value", 60)
    complete(server, job_id)
    expect(page.locator("#result-title")).to_be_visible()


def test_more_tabs_than_connections_do_not_stop_each_other(
    page: Page, server: RunningServer, job_id: str
) -> None:
    """A browser opens six connections to a server at most."""
    open_job(page, job_id)
    for _ in range(7):
        tab = page.context.new_page()
        tab.add_init_script("Object.defineProperty(document, 'hidden', {get: () => true})")
        tab.goto(f"/jobs/{job_id}")
    page.reload()
    complete(server, job_id)
    expect(page.locator("#result-title")).to_be_visible()
