"""The pages in a real browser: with mouse, touch, keyboard and screen reader, with scripts and without."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from processing.tests.images import make_image
from tests.browsing import PHONE, excess_width, sign_in_page, too_small_to_tap, violations
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system

TOOLS = ("resize", "crop", "rotate", "convert", "compress")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "harbour at dusk.jpg"
    make_image("RGB", (600, 400), "photo").save(path, quality=92)
    return path


@pytest.fixture(scope="module")
def tiff(photo: Path) -> Path:
    path = photo.with_suffix(".tiff")
    with Image.open(photo) as image:
        image.save(path)
    return path


@pytest.fixture(scope="module")
def broken(photo: Path) -> Path:
    path = photo.with_name("broken.jpg")
    path.write_bytes(photo.read_bytes()[:40])
    return path


@pytest.fixture
def open_context(browser: Browser, server: RunningServer, state: Any) -> Iterator[Any]:
    """Make signed-in browser contexts with options of Playwright."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=server.url, storage_state=state, **options)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def inside(open_context: Any) -> Page:
    page: Page = open_context(viewport={"width": 1280, "height": 800}).new_page()
    return page


def choose(page: Page, file: Path, tool: str = "resize") -> None:
    page.goto(f"/tools/image/{tool}")
    page.set_input_files("#file", file)
    page.wait_for_selector(".workbench[data-state=picked]")


def run(page: Page) -> None:
    page.locator(".button-run").click()
    page.wait_for_selector(".workbench[data-state=done] #outcome")


def downloaded_size(page: Page) -> tuple[int, int]:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    with Image.open(download.value.path()) as image:
        return image.size


def transfer(page: Page, *files: Path) -> Any:
    """A DataTransfer with the files, as the system hands it over."""
    contents = [[file.name, base64.b64encode(file.read_bytes()).decode()] for file in files]
    return page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const [name, content] of files) {
                const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            }
            return transfer;
        }""",
        contents,
    )


def test_a_newcomer_signs_in_chooses_a_password_and_resizes_a_photo(
    browser: Browser, fresh_server: RunningServer, photo: Path
) -> None:
    context = browser.new_context(base_url=fresh_server.url)
    page = context.new_page()
    sign_in_page(page, password="admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose your password")
    page.get_by_label("Current password").fill("admin")
    page.get_by_label("New password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_label("New password again").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").first).to_contain_text("Your password is changed.")
    page.get_by_role("link", name="Resize").click()
    page.set_input_files("#file", photo)
    expect(page.locator("[data-file-facts]")).to_contain_text("600 × 400 px")
    page.get_by_label("Width", exact=True).fill("300")
    run(page)
    expect(page.locator("before-after")).to_have_attribute("data-mode", "slider")
    expect(page.locator(".facts")).to_contain_text("300 × 200")
    assert downloaded_size(page) == (300, 200)
    context.close()


def test_the_line_between_before_and_after_moves_with_the_keyboard(inside: Page, photo: Path) -> None:
    choose(inside, photo, "compress")
    run(inside)
    line = inside.get_by_label("Share of the original that is shown")
    line.focus()
    inside.keyboard.press("End")
    expect(line).to_have_attribute("aria-valuetext", "100 % original, 0 % result")
    assert inside.locator("before-after").evaluate("e => e.style.getPropertyValue('--split')") == "100%"


def test_a_picture_is_dropped_anywhere(inside: Page, photo: Path) -> None:
    inside.goto("/tools/image/compress")
    inside.dispatch_event("footer", "drop", {"dataTransfer": transfer(inside, photo)})
    expect(inside.locator("[data-file-name]")).to_have_text(photo.name)
    run(inside)
    assert downloaded_size(inside) == (600, 400)


def test_a_picture_is_pasted(inside: Page, photo: Path) -> None:
    inside.goto("/tools/image/rotate")
    inside.evaluate(
        "(clipboardData) => document.body.dispatchEvent("
        "new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))",
        transfer(inside, photo),
    )
    expect(inside.locator("[data-file-name]")).to_have_text(photo.name)


def test_it_works_with_the_keyboard_alone(inside: Page, photo: Path) -> None:
    # Listening from the start: the browser takes a moment before it hands its dialog over
    inside.on("filechooser", lambda chooser: chooser.set_files(photo))
    inside.goto("/")
    inside.keyboard.press("Tab")
    expect(inside.locator(":focus")).to_have_text("Skip to content")
    inside.keyboard.press("Enter")
    inside.keyboard.press("/")
    expect(inside.get_by_role("searchbox")).to_be_focused()
    inside.keyboard.type("smaller")
    expect(inside.locator(".card:visible")).to_have_count(1)
    inside.keyboard.press("Enter")
    inside.wait_for_url("**/tools/image/compress")
    inside.locator("#file").focus()
    inside.keyboard.press("Enter")
    expect(inside.locator(".button-run")).to_be_focused()
    inside.keyboard.press("Control+Enter")
    expect(inside.locator("#result-title")).to_be_focused()
    inside.keyboard.press("Tab")
    expect(inside.get_by_role("link", name="Download")).to_be_focused()


def test_escape_clears_the_search(inside: Page) -> None:
    inside.goto("/?q=teapot")
    expect(inside.get_by_role("heading", name="No tool goes by that name")).to_be_visible()
    inside.get_by_role("searchbox").press("Escape")
    expect(inside.locator(".card:visible")).to_have_count(len(TOOLS))
    assert inside.url.endswith("/")


def test_a_setting_at_fault_is_shown_before_anything_is_sent(inside: Page, photo: Path) -> None:
    choose(inside, photo, "convert")
    sent: list[str] = []
    inside.on("request", lambda request: sent.append(request.method))
    inside.locator(".button-run").click()
    field = inside.get_by_label("Format")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(inside.locator("#id_format_error")).to_have_text("This is needed.")
    field.select_option("webp")
    expect(inside.locator("#id_format_error")).to_be_hidden()
    assert sent == []


def test_what_only_the_server_can_know_comes_back_and_the_picture_stays(inside: Page, photo: Path) -> None:
    choose(inside, photo)
    inside.locator(".button-run").click()
    expect(inside.locator("tool-settings [role=alert]")).to_contain_text("Give a width")
    inside.get_by_label("Scale").fill("50")
    run(inside)
    assert downloaded_size(inside) == (300, 200)


def test_a_broken_file_is_named_as_such(inside: Page, broken: Path) -> None:
    choose(inside, broken, "compress")
    inside.locator(".button-run").click()
    alert = inside.locator("#result [role=alert]")
    expect(alert).to_contain_text("Invalid image")
    expect(alert).to_be_focused()


def test_a_format_for_the_servers_eyes_only_still_shows_its_result(inside: Page, tiff: Path) -> None:
    choose(inside, tiff, "compress")
    expect(inside.locator("[data-file-card]")).to_contain_text("TIFF")
    run(inside)
    after = inside.get_by_role("img", name="The result")
    assert after.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_a_crop_is_drawn_with_keys_and_pointer(inside: Page, photo: Path) -> None:
    choose(inside, photo, "crop")
    inside.get_by_label("1:1", exact=True).check()
    value = {name: inside.locator(f"[name={name}]") for name in ("left", "width", "height")}
    expect(value["width"]).to_have_value("400")
    area = inside.locator(".crop-area")
    area.press("ArrowLeft")
    expect(value["left"]).to_have_value("94")
    corner = inside.locator(".crop-handle[data-edge=se]").bounding_box()
    assert corner is not None
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    inside.mouse.move(x, y)
    inside.mouse.down()
    inside.mouse.move(x - 80, y - 80, steps=4)
    inside.mouse.up()
    side = int(value["width"].input_value())
    assert 250 < side < 350
    expect(value["height"]).to_have_value(str(side))
    run(inside)
    assert downloaded_size(inside) == (side, side)
    expect(inside.get_by_role("button", name="Original")).to_be_visible()


def test_a_preset_fills_the_sides_and_what_would_overrule_them_goes(inside: Page, photo: Path) -> None:
    choose(inside, photo)
    inside.get_by_label("Scale").fill("50")
    inside.get_by_label("Preset").select_option("Instagram Post (Square)")
    expect(inside.get_by_label("Width", exact=True)).to_have_value("1080")
    expect(inside.get_by_label("Scale")).to_have_value("")


def test_the_empty_side_shows_what_it_will_become(inside: Page, photo: Path) -> None:
    choose(inside, photo)
    inside.get_by_label("Width", exact=True).fill("150")
    expect(inside.get_by_label("Height", exact=True)).to_have_attribute("placeholder", "100")


def test_settings_are_remembered_and_reset(inside: Page, photo: Path) -> None:
    choose(inside, photo, "compress")
    inside.get_by_label("Quality, slider").fill("35")
    run(inside)
    inside.goto("/tools/image/compress")
    quality = inside.locator("[name=quality]")
    expect(quality).to_have_value("35")
    assert photo.name not in str(inside.evaluate("JSON.stringify(localStorage)"))
    inside.get_by_role("button", name="Reset").click()
    expect(quality).to_have_value("80")


def test_the_same_picture_runs_again_with_other_settings(inside: Page, photo: Path) -> None:
    choose(inside, photo)
    inside.get_by_label("Width", exact=True).fill("300")
    run(inside)
    inside.get_by_label("Width", exact=True).fill("150")
    inside.locator(".button-run").click()
    expect(inside.locator(".facts")).to_contain_text("150 × 100")


def test_an_upload_is_canceled(inside: Page, photo: Path) -> None:
    choose(inside, photo, "compress")
    unanswered: list[Route] = []
    inside.route("**/tools/image/compress", lambda route: unanswered.append(route))
    inside.locator(".button-run").click()
    inside.get_by_role("button", name="Cancel").click()
    expect(inside.locator(".workbench")).to_have_attribute("data-state", "picked")
    expect(inside.locator(".button-run")).to_be_focused()
    assert len(unanswered) == 1
    unanswered[0].abort()


def test_a_server_out_of_reach_is_said(inside: Page, photo: Path) -> None:
    choose(inside, photo, "compress")
    inside.route("**/tools/image/compress", lambda route: route.abort())
    inside.locator(".button-run").click()
    expect(inside.locator("#result [role=alert]")).to_contain_text("cannot be reached")


def test_it_works_without_scripts(open_context: Any, photo: Path) -> None:
    page = open_context(java_script_enabled=False).new_page()
    page.goto("/?q=instagram")
    expect(page.locator(".card:visible")).to_have_count(1)
    page.locator(".card:visible").click()
    page.set_input_files("#file", photo)
    page.locator(".button-run").click()
    expect(page.locator("tool-settings [role=alert]")).to_contain_text("Give a width")
    page.set_input_files("#file", photo)
    page.get_by_label("Width", exact=True).fill("300")
    page.locator(".button-run").click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("heading", level=2)).to_contain_text("smaller")
    assert downloaded_size(page) == (300, 200)


def test_a_long_run_shows_how_far_it_is(browser: Browser, data_dir: Path, photo: Path) -> None:
    slow = RunningServer(data_dir, AUTH_ENABLED="false", SYNC_WAIT_MS="0")
    slow.start()
    context = browser.new_context(base_url=slow.url)
    page = context.new_page()
    choose(page, photo, "compress")
    assert violations(page) == []  # with the banner that says everybody may come in
    with page.expect_response(re.compile("/jobs/")):
        page.locator(".button-run").click()
    page.wait_for_selector(".workbench[data-state=done] #outcome")
    expect(page.locator("#result-title")).to_be_focused()
    context.close()
    slow.stop()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing(open_context: Any, photo: Path, colours: str) -> None:
    page = open_context(color_scheme=colours).new_page()
    found = {}
    for url in ("/", "/?q=teapot", "/change-password", "/nowhere", *(f"/tools/image/{id}" for id in TOOLS)):
        page.goto(url)
        found[url] = violations(page)
    choose(page, photo, "crop")
    found["a crop"] = violations(page)
    choose(page, photo, "convert")
    page.locator(".button-run").click()
    found["a setting at fault"] = violations(page)
    page.get_by_label("Format").select_option("webp")
    run(page)
    found["a result"] = violations(page)
    page.goto(page.get_by_role("link", name="Other settings").get_attribute("href") or "")
    page.locator(".theme-menu summary").click()
    found["a menu"] = violations(page)
    assert {place: problems for place, problems in found.items() if problems} == {}


def test_axe_finds_nothing_on_the_sign_in(page: Page) -> None:
    page.goto("/login")
    assert violations(page) == []
    page.get_by_role("button", name="Sign in").click()
    assert violations(page) == []


def test_a_phone_never_scrolls_sideways(open_context: Any, photo: Path) -> None:
    page = open_context(**PHONE).new_page()

    wide = {}
    for url in ("/", "/login", "/change-password", "/nowhere", *(f"/tools/image/{id}" for id in TOOLS)):
        page.goto(url)
        wide[url] = excess_width(page)
    long_name = photo.with_name("x" * 120 + ".jpg")
    long_name.write_bytes(photo.read_bytes())
    choose(page, long_name, "compress")
    wide["a picture"] = excess_width(page)
    run(page)
    wide["a result"] = excess_width(page)
    assert set(wide.values()) == {0}, wide


def test_what_is_tapped_is_large_enough(open_context: Any, photo: Path) -> None:
    page = open_context(**PHONE).new_page()
    choose(page, photo, "crop")
    small = too_small_to_tap(page, "main button, main select, main label.chip, header summary")
    assert small == []


def test_the_theme_changes_at_once_and_stays(inside: Page) -> None:
    inside.goto("/")
    inside.locator(".theme-menu summary").click()
    with inside.expect_response("**/theme"):
        inside.get_by_role("button", name="Dark").click()
    root = inside.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    inside.goto("/tools/image/resize")
    expect(root).to_have_attribute("data-theme", "dark")


def test_the_theme_changes_without_scripts(open_context: Any) -> None:
    page = open_context(java_script_enabled=False).new_page()
    page.goto("/?q=crop")
    page.locator(".theme-menu summary").click()
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.url.endswith("/?q=crop")


def test_signing_out_ends_it(browser: Browser, server: RunningServer) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    sign_in_page(page)
    page.locator(".account-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto("/tools/image/resize")
    assert "/login" in page.url
    context.close()


def test_the_console_stays_silent(open_context: Any, photo: Path) -> None:
    """A violation of the content security policy is an error in the console."""
    page = open_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/")
    for tool in TOOLS:
        page.goto(f"/tools/image/{tool}")
    choose(page, photo, "crop")
    run(page)
    choose(page, photo, "compress")
    run(page)
    assert said == []


def test_pictures_never_leave_their_origin(open_context: Any, photo: Path) -> None:
    page = open_context().new_page()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    choose(page, photo, "compress")
    run(page)
    assert len({host for host in hosts if host.startswith("127.0.0.1")}) == 1
    assert all(host.startswith("127.0.0.1") for host in hosts if host)
