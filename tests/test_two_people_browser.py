"""Two people at two browsers at once, each with a long batch of their own: one closes the tab and comes back,
the other cancels."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from processing.tests.images import make_image
from tests.browsing import sign_in_page
from tests.conftest import CHROMIUM_FLAGS
from tests.require_chromium import find_chromium
from tests.running import RunningServer

pytestmark = pytest.mark.system

PATIENCE = 180_000
PASSWORD = "Otter-8-dives"
WIDTH = 3900
"""Barely smaller: nothing is left out while it is read, and forty take long enough to be canceled."""
LONG_NAME = "a name that only a camera or a careful archivist would ever give a picture " * 2
NAMES = ("Hafen am Abend.jpg", "Möwe über größeren Wellen.jpg", f"{LONG_NAME.strip()}.jpg", "日本の海 🐟.jpg")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Forty that take a while each; the first have the names that go wrong elsewhere."""
    directory = tmp_path_factory.mktemp("photos")
    names = [*NAMES, *(f"IMG {number:04}.jpg" for number in range(len(NAMES), 40))]
    paths = [directory / name for name in names]
    make_image("RGB", (4000, 3000), "photo").save(paths[0], quality=92)
    for path in paths[1:]:
        path.hardlink_to(paths[0])
    return paths


@pytest.fixture
def people(browser: Browser, server: RunningServer, client: httpx.Client) -> Iterator[list[BrowserContext]]:
    """Two new users, signed in, each in a browser process of their own."""
    with ExitStack() as stack:
        other = browser.browser_type.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        stack.callback(other.close)
        contexts = [each.new_context(base_url=server.url) for each in (browser, other)]
        for context in contexts:
            stack.callback(context.close)
            name = f"photographer-{uuid4().hex[:8]}"
            registration = {"username": name, "password": PASSWORD}
            client.post("/api/auth/register", json=registration).raise_for_status()
            page = context.new_page()
            sign_in_page(page, name, PASSWORD)
            page.close()
        yield contexts


def begin(page: Page, photos: list[Path]) -> None:
    page.goto("/tools/image/resize")
    page.locator("input[type=file]").set_input_files(photos)
    expect(page.locator("[data-file-name]")).to_have_text(f"{len(photos)} pictures")
    page.get_by_label("Width").fill(str(WIDTH))
    page.locator(".button-run").click()
    expect(page.locator("#outcome")).to_have_attribute("data-state", "running", timeout=PATIENCE)


def the_only_row(page: Page) -> Locator:
    page.goto("/jobs")
    expect(page.locator(".job-row")).to_have_count(1)
    return page.locator(".job-row")


def widths_in_zip(page: Page, link: Locator) -> dict[str, int]:
    with page.expect_download(timeout=PATIENCE) as waiting:
        link.click()
    widths = {}
    with zipfile.ZipFile(waiting.value.path()) as archive:
        for name in archive.namelist():
            with archive.open(name) as file, Image.open(file) as image:
                image.load()
                widths[name] = image.width
    return widths


def test_one_closes_the_tab_and_comes_back_while_the_other_cancels(
    people: list[BrowserContext], photos: list[Path]
) -> None:
    first, second = (context.new_page() for context in people)
    begin(first, photos[:12])
    begin(second, photos)
    first.close()

    expect(second.locator(".file-row[data-state=done]").first).to_be_visible(timeout=PATIENCE)
    second.locator("#outcome").get_by_role("button", name="Cancel").click()
    expect(second.locator("#outcome")).to_have_attribute("data-state", "done", timeout=PATIENCE)
    told = re.compile(r"Canceled.*\b(\d+) of 40 files done", re.DOTALL)
    expect(second.locator(".outcome-head")).to_contain_text(told)
    kept = int(told.search(second.locator(".outcome-head").inner_text())[1])  # type: ignore[index]
    assert 0 < kept < 40
    found = widths_in_zip(second, second.get_by_role("link", name="Download all as ZIP"))
    assert set(found.values()) == {WIDTH}
    assert len(found) == kept

    back = people[0].new_page()
    row = the_only_row(back)
    expect(row).to_have_attribute("data-state", "done", timeout=PATIENCE)  # without a reload
    expect(row).to_contain_text("12 files")
    found = widths_in_zip(back, row.get_by_role("link", name="Download"))
    assert list(found.values()) == [WIDTH] * 12
    assert list(found)[:2] == ["Hafen am Abend_resize.jpg", "Möwe über größeren Wellen_resize.jpg"]
    assert list(found)[3] == "日本の海 🐟_resize.jpg"

    expect(the_only_row(second)).to_have_attribute("data-state", "canceled")


def test_what_goes_on_is_seen_going_on_in_another_tab(
    people: list[BrowserContext], photos: list[Path]
) -> None:
    page = people[0].new_page()
    begin(page, photos)
    page.close()
    back = people[0].new_page()
    row = the_only_row(back)
    for done in (1, 2, 3):
        expect(row.locator(".job-state")).to_contain_text(
            re.compile(rf"\b([{done}-9]|\d\d) of 40"), timeout=PATIENCE
        )
    expect(row).to_have_attribute("data-state", "running")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_attribute("data-state", "canceled", timeout=PATIENCE)
    other = people[1].new_page()
    other.goto("/jobs")
    expect(other.get_by_role("heading", name="Nothing ran yet")).to_be_visible()
