"""Pipelines in a real browser: put together with mouse and keyboard, checked, saved and run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Dialog, FilePayload, Locator, Page, Route, expect

from processing.tests.images import make_image
from tests.browsing import PHONE, excess_width, sign_in_page, too_small_to_tap, violations
from tests.running import RunningServer

pytestmark = pytest.mark.system


def picture(mode: str = "RGB") -> FilePayload:
    buffer = io.BytesIO()
    make_image(mode, (600, 400)).save(buffer, "PNG")
    return {"name": "otter.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


@pytest.fixture
def open_page(browser: Browser, server: RunningServer, state: Any) -> Iterator[Any]:
    made: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> Page:
        viewport = {"viewport": {"width": 1280, "height": 900}} | options
        made.append(browser.new_context(base_url=server.url, storage_state=state, **viewport))
        page = made[-1].new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in made:
        context.close()
    expected = "the server responded with a status of 4"  # what the browser says of every refusal
    assert [said for said in complaints if expected not in said] == []


@pytest.fixture
def page(open_page: Any) -> Page:
    opened: Page = open_page()
    return opened


def steps(page: Page) -> Locator:
    return page.locator("[data-step]")


def add(page: Page, *tools: str) -> None:
    for tool in tools:
        count = steps(page).count()
        page.get_by_role("button", name=tool, exact=True).click()
        expect(steps(page)).to_have_count(count + 1)


def expect_order(page: Page, *titles: str) -> None:
    expect(page.locator(".step .step-title")).to_have_text(
        [f"Step {number}: {title}" for number, title in enumerate(titles, start=1)]
    )


def button_of(page: Page, number: int, name: str) -> Locator:
    return steps(page).nth(number - 1).get_by_role("button", name=name)


def press(page: Page, name: str) -> None:
    page.locator(".builder-actions").get_by_role("button", name=name, exact=True).click()


def build(page: Page, name: str) -> None:
    """Resize, rotate, convert."""
    page.goto("/automate/new")
    page.get_by_label("Name", exact=True).fill(name)
    add(page, "Resize", "Rotate & Flip", "Convert")
    steps(page).nth(0).get_by_label("Width").fill("120")
    steps(page).nth(1).locator("input[type=number]").fill("90")
    steps(page).nth(2).get_by_label("Format").select_option("webp")


def test_three_steps_are_built_ordered_checked_saved_and_run(page: Page) -> None:
    build(page, "For the web")
    expect(steps(page).nth(0).locator(".step-summary")).to_have_text("Width 120 px")
    up = button_of(page, 3, "Move up")
    up.focus()
    page.keyboard.press("Enter")
    expect_order(page, "Resize", "Convert", "Rotate & Flip")
    expect(page.locator("#builder-news")).to_have_text("Convert is now step 2 of 3.")
    expect(button_of(page, 2, "Move up")).to_be_focused()
    page.keyboard.press("Enter")
    expect_order(page, "Convert", "Resize", "Rotate & Flip")
    expect(button_of(page, 1, "Move up")).to_be_focused()

    for step in steps(page).all():
        step.locator("summary").click()
    drag(page, 1, 3)
    expect_order(page, "Resize", "Rotate & Flip", "Convert")
    expect(page.locator("#builder-news")).to_have_text("Convert is now step 3 of 3.")

    press(page, "Check")
    expect(page.locator("[data-notes]")).to_have_text("It can run.")
    press(page, "Save and run")
    page.wait_for_url("**/run")
    page.set_input_files("#file", picture())
    expect(page.locator(".run-said")).to_have_text("Checked with this picture.")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/jobs/*")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    with Image.open(download.value.path()) as result:
        assert (result.format, result.size) == ("WEBP", (80, 120))


def drag(page: Page, number: int, to: int) -> None:
    grip, target = (steps(page).nth(n - 1).locator("[data-grip]").bounding_box() for n in (number, to))
    assert grip and target
    page.mouse.move(grip["x"] + 20, grip["y"] + 20)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + target["height"] + 20, steps=8)
    page.mouse.up()


def test_a_drag_that_is_given_up_changes_nothing(page: Page) -> None:
    page.goto("/automate/new")
    add(page, "Resize", "Convert")
    for step in steps(page).all():
        step.locator("summary").click()
    grip = steps(page).nth(0).locator("[data-grip]").bounding_box()
    assert grip
    page.mouse.move(grip["x"] + 20, grip["y"] + 20)
    page.mouse.down()
    page.mouse.move(grip["x"] + 20, grip["y"] + 180, steps=5)
    expect(page.locator(".step .step-title").first).to_have_text("Step 2: Convert")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect_order(page, "Resize", "Convert")


def test_what_is_wrong_is_at_its_field_and_nothing_is_lost(page: Page) -> None:
    page.goto("/automate/new")
    page.get_by_label("Description").fill("Kept")
    add(page, "Resize")
    steps(page).nth(0).get_by_label("Width").fill("0")
    press(page, "Save")
    expect(page.locator("[data-notes] [role=alert]")).to_be_focused()
    expect(page.get_by_text("Give it a name.")).to_be_visible()
    expect(page.get_by_text("Must be greater than or equal to 1.")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("Kept")
    expect(steps(page).nth(0).get_by_label("Width")).to_have_value("0")
    assert violations(page) == []


def test_leaving_with_changes_is_asked_about(page: Page) -> None:
    page.goto("/automate/new")
    add(page, "Resize")
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    dialog: Dialog = asked.value
    assert dialog.type == "beforeunload"
    dialog.dismiss()
    expect_order(page, "Resize")


@pytest.mark.parametrize("gone", [None, "snapotter-session"], ids=["all cookies", "the session alone"])
def test_a_session_that_has_ended_loses_nothing(page: Page, gone: str | None) -> None:
    page.goto("/automate/new")
    add(page, "Resize")
    steps(page).nth(0).get_by_label("Width").fill("77")
    page.context.clear_cookies(**({"name": gone} if gone else {}))
    press(page, "Save")
    expect(page.locator("[data-notes]")).to_contain_text("sign in again in another tab")
    expect(steps(page).nth(0).get_by_label("Width")).to_have_value("77")
    sign_in_page(page.context.new_page())
    press(page, "Check")
    expect(page.locator("[data-notes]")).to_have_text("It can run.")


def test_nothing_is_lost_that_is_done_before_the_answer_is_there(page: Page) -> None:
    held: list[Route] = []
    page.goto("/automate/new")
    page.route("**/automate/new", lambda route: route.continue_() if held else held.append(route))
    for tool in ("Compress", "Rotate & Flip", "Compress"):
        page.get_by_role("button", name=tool, exact=True).click()
    page.get_by_label("Name", exact=True).fill("In a hurry")
    press(page, "Save")
    held[0].continue_()
    expect(page.locator(".messages")).to_have_text("“In a hurry” was saved.")
    expect_order(page, "Compress", "Rotate & Flip", "Compress")


def test_a_button_that_moves_while_it_is_pressed_is_pressed(page: Page) -> None:
    page.goto("/automate/new")
    add(page, "Resize")
    check = page.locator(".builder-actions").get_by_role("button", name="Check", exact=True)
    box = check.bounding_box()
    assert box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    check.evaluate("button => { button.parentElement.style.paddingLeft = '300px' }")
    page.mouse.up()
    expect(page.locator("[data-notes] [role=alert]")).to_contain_text("Look once more at step 1")


def test_two_clicks_save_once(page: Page) -> None:
    build(page, "Only once")
    page.locator(".builder-actions").get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.locator(".messages")).to_be_visible()
    page.goto("/automate")
    expect(page.get_by_role("link", name="Only once", exact=True)).to_have_count(1)


def test_a_saved_one_may_be_left(page: Page) -> None:
    build(page, "Leave me")
    press(page, "Save")
    expect(page.locator(".messages")).to_have_text("“Leave me” was saved.")
    page.get_by_role("link", name="Automate").last.click()
    page.wait_for_url("**/automate")


def test_presets_and_conditions_work_in_each_step(page: Page) -> None:
    page.goto("/automate/new")
    add(page, "Resize", "Resize", "Compress")
    second = steps(page).nth(1)
    second.get_by_label("Scale").fill("50")
    press(page, "Check")
    expect(page.locator("[data-notes] [role=alert]")).to_be_visible()
    second.get_by_label("Preset").select_option(index=1)
    expect(second.get_by_label("Width")).not_to_have_value("")
    expect(second.get_by_label("Scale")).to_have_value("")
    expect(steps(page).nth(0).get_by_label("Width")).to_have_value("")
    compress = steps(page).nth(2)
    compress.get_by_label("File size", exact=True).check()
    expect(compress.locator("[data-field=quality]")).to_be_hidden()


def test_the_palette_is_searched_while_typing(page: Page) -> None:
    page.goto("/automate/new")
    page.get_by_label("Search tools").fill("instagram")
    expect(page.locator(".palette-tool:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect_order(page, "Resize")


def test_what_a_picture_would_lose_is_told_once_it_is_chosen(page: Page) -> None:
    page.goto("/automate/new")
    page.get_by_label("Name", exact=True).fill("To JPEG")
    add(page, "Convert")
    steps(page).nth(0).get_by_label("Format").select_option("jpg")
    press(page, "Save and run")
    page.wait_for_url("**/run")
    expect(page.locator(".finding")).to_have_count(0)
    page.set_input_files("#file", picture("RGBA"))
    expect(page.locator(".finding")).to_contain_text("drops the transparency")
    page.set_input_files("#file", [picture("RGBA"), picture()])
    expect(page.locator("[data-file-name]")).to_have_text("2 pictures")
    expect(page.locator(".finding, .run-said:not(:empty)")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody(open_page: Any, scheme: str) -> None:
    page: Page = open_page(color_scheme=scheme)
    build(page, f"In the {scheme}")
    assert violations(page) == []
    press(page, "Save")
    expect(page.locator(".messages")).to_be_visible()
    assert violations(page) == []
    page.goto("/automate")
    assert violations(page) == []
    page.locator(".entry").first.get_by_role("link", name="Run").click()
    page.wait_for_url("**/run")
    assert violations(page) == []


def test_on_a_phone_everything_fits(open_page: Any) -> None:
    page: Page = open_page(**PHONE)
    build(page, f"A name that is longer than any screen of a phone is wide{'!' * 40}")
    assert excess_width(page) <= 0
    assert too_small_to_tap(page, ".step-actions button, .palette-tool, .builder-actions button") == []
    press(page, "Save")
    expect(page.locator(".messages")).to_be_visible()
    assert excess_width(page) <= 0
    page.goto("/automate")
    assert excess_width(page) <= 0
    page.locator(".entry").first.get_by_role("link", name="Run").click()
    page.wait_for_url("**/run")
    assert excess_width(page) <= 0


def test_without_script_the_same_is_done_with_buttons(open_page: Any) -> None:
    page: Page = open_page(java_script_enabled=False)
    page.goto("/automate/new")
    page.get_by_role("button", name="Resize", exact=True).click()
    page.get_by_role("button", name="Rotate & Flip", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Plain")
    steps(page).nth(0).get_by_label("Width").fill("50")
    button_of(page, 2, "Move up").click()
    expect_order(page, "Rotate & Flip", "Resize")
    press(page, "Save and run")
    page.set_input_files("#file", picture())
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible()
