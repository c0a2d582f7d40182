"""Many pictures in a real browser: dropped, chosen, run, looked through, canceled."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from processing.tests.images import make_image
from tests.browsing import PHONE, excess_width, violations
from tests.running import RunningServer

pytestmark = pytest.mark.system

PATIENCE = 60_000


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four good ones, and a broken one in between."""
    directory = tmp_path_factory.mktemp("photos")
    paths = [directory / f"IMG_{number}.jpg" for number in range(5)]
    for path in paths:
        make_image("RGB", (600, 400), "photo").save(path, quality=92)
    paths[2].write_bytes(b"\xff\xd8\xff broken")
    return paths


@pytest.fixture
def inside(browser: Browser, server: RunningServer, state: Any) -> Iterator[Page]:
    context = browser.new_context(
        base_url=server.url, storage_state=state, viewport={"width": 1280, "height": 900}
    )
    yield context.new_page()
    context.close()


def choose(page: Page, paths: list[Path]) -> None:
    page.goto("/tools/image/resize")
    page.locator("input[type=file]").set_input_files(paths)
    expect(page.locator("[data-file-name]")).to_have_text(f"{len(paths)} pictures")


def run(page: Page) -> None:
    page.get_by_label("Width").fill("300")
    page.locator(".button-run").click()


def wait_for_the_end(page: Page) -> None:
    expect(page.locator("#outcome[data-batch][data-state=done]")).to_be_visible(timeout=PATIENCE)


def test_a_batch_is_run_and_downloaded(inside: Page, photos: list[Path]) -> None:
    choose(inside, photos)
    expect(inside.get_by_role("button", name="Resize 5 pictures")).to_be_visible()
    assert violations(inside) == []
    run(inside)
    wait_for_the_end(inside)
    expect(inside.get_by_role("heading", name="4 of 5 files done")).to_be_focused()
    rows = inside.locator("#batch-files li")
    expect(rows).to_have_count(5)
    expect(rows.nth(2)).to_contain_text("Failed")
    with inside.expect_download() as waiting:
        inside.get_by_role("link", name="Download all as ZIP").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert archive.namelist() == [f"IMG_{number}_resize.jpg" for number in (0, 1, 3, 4)]
    with inside.expect_download() as waiting:
        inside.get_by_role("link", name="Download IMG_3_resize.jpg").click()
    assert waiting.value.suggested_filename == "IMG_3_resize.jpg"
    assert violations(inside) == []


def test_what_failed_is_tried_again_alone(inside: Page, photos: list[Path], tmp_path: Path) -> None:
    torn = tmp_path / "torn.png"  # which is only seen when it is read to its end
    make_image("RGB", (600, 400)).save(torn)
    torn.write_bytes(torn.read_bytes()[:-400])
    choose(inside, [*photos[:2], torn])
    run(inside)
    wait_for_the_end(inside)
    first = inside.url
    inside.get_by_role("button", name="Try the 1 that failed again").click()
    inside.wait_for_url("**/jobs/*")
    assert inside.url != first
    wait_for_the_end(inside)
    expect(inside.get_by_role("heading", name="None of 1 file done")).to_be_visible()
    expect(inside.locator("#batch-files li")).to_contain_text(["torn.png"])


def test_pictures_are_added_and_removed_before_they_are_sent(inside: Page, photos: list[Path]) -> None:
    choose(inside, photos[:2])
    with inside.expect_file_chooser() as chooser:
        inside.get_by_role("button", name="Add", exact=True).click()
    chooser.value.set_files(photos[3:])
    expect(inside.locator("[data-file-name]")).to_have_text("4 pictures")
    inside.get_by_role("button", name="Remove IMG_1.jpg").click()
    expect(inside.locator("[data-file-name]")).to_have_text("3 pictures")
    expect(inside.get_by_role("button", name="Remove IMG_3.jpg")).to_be_focused()
    names = inside.evaluate("[...document.querySelector('#file').files].map((file) => file.name)")
    assert names == ["IMG_0.jpg", "IMG_3.jpg", "IMG_4.jpg"]


def test_what_is_no_picture_is_left_out_of_a_drop(inside: Page, photos: list[Path], tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    inside.goto("/tools/image/resize")
    inside.dispatch_event("main", "drop", {"dataTransfer": transfer(inside, photos[0], notes, photos[1])})
    expect(inside.locator("[data-file-name]")).to_have_text("2 pictures")
    expect(inside.locator("[data-left-out]")).to_have_text("Left out: notes.txt is not a picture.")


def test_what_is_dropped_comes_to_what_is_chosen_once(inside: Page, photos: list[Path]) -> None:
    choose(inside, photos[:2])
    inside.dispatch_event("main", "drop", {"dataTransfer": transfer(inside, photos[3])})
    expect(inside.locator("[data-file-name]")).to_have_text("3 pictures")
    with inside.expect_file_chooser() as chooser:
        inside.get_by_role("button", name="Add", exact=True).click()
    chooser.value.set_files([photos[0], photos[4]])
    expect(inside.locator("[data-file-name]")).to_have_text("4 pictures")


def test_several_pictures_are_cropped_in_proportion(inside: Page, photos: list[Path], tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    make_image("RGB", (60, 40)).save(small)
    inside.goto("/tools/image/crop")
    inside.locator("input[type=file]").set_input_files([photos[0], small])
    expect(inside.get_by_label("Per cent")).to_be_checked()
    expect(inside.get_by_label("Width", exact=True)).to_have_value("100")
    inside.get_by_label("Width", exact=True).fill("50")
    inside.locator(".button-run").click()
    wait_for_the_end(inside)
    expect(inside.get_by_role("heading", name="2 files done")).to_be_visible()


def transfer(page: Page, *paths: Path) -> Any:
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    return page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const [name, content] of files) {
                const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt());
                transfer.items.add(new File([bytes], name, { type: "" }));
            }
            return transfer;
        }""",
        files,
    )


def test_a_batch_is_canceled_and_found_again_in_the_history(
    inside: Page, photos: list[Path], tmp_path: Path
) -> None:
    large = [tmp_path / f"large {number}.png" for number in range(30)]
    make_image("RGB", (6000, 4000)).save(large[0])
    for path in large[1:]:
        path.write_bytes(large[0].read_bytes())
    choose(inside, large)
    run(inside)
    inside.locator("#outcome").get_by_role("button", name="Cancel").click(timeout=PATIENCE)
    wait_for_the_end(inside)
    expect(inside.locator("#result-title")).to_contain_text("Canceled")
    inside.goto("/jobs")
    inside.locator(".job-row h2 a").first.click()
    expect(inside.locator("#result-title")).to_contain_text("Canceled")


def test_it_works_without_scripts(
    browser: Browser, server: RunningServer, state: Any, photos: list[Path]
) -> None:
    context = browser.new_context(base_url=server.url, storage_state=state, java_script_enabled=False)
    page = context.new_page()
    page.goto("/tools/image/resize")
    page.locator("input[type=file]").set_input_files(photos)
    run(page)
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("heading", name="4 of 5 files done")).to_be_visible(timeout=PATIENCE)
    context.close()


def test_it_fits_a_phone(browser: Browser, server: RunningServer, state: Any, photos: list[Path]) -> None:
    phone: Any = PHONE
    context = browser.new_context(base_url=server.url, storage_state=state, color_scheme="dark", **phone)
    page = context.new_page()
    choose(page, photos)
    assert excess_width(page) == 0
    run(page)
    wait_for_the_end(page)
    assert excess_width(page) == 0
    assert violations(page) == []
    context.close()
