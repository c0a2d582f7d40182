"""In a real browser: it is explained who may do what, and a role that changes closes a page that is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from processing.tests.images import make_image
from tests.browsing import PHONE, excess_width, sign_in_page, too_small_to_tap, violations
from tests.running import ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.system


class Cropper:
    """Somebody of a role that may crop and resize, until told otherwise."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.name = f"cropper-{uuid4().hex[:8]}"
        self._role = self._send("POST", "/api/v1/roles", **self._body("crop", "resize"))["id"]
        self._send("POST", "/api/auth/register", username=self.name, password=ADMIN_PASSWORD, role=self.name)

    def limit_to(self, *tools: str) -> None:
        self._send("PUT", f"/api/v1/roles/{self._role}", **self._body(*tools))

    def _body(self, *tools: str) -> dict[str, Any]:
        limit = {"mode": "tool", "allowed": list(tools)}
        return {"name": self.name, "permissions": ["tools:use"], "toolPermissions": limit}

    def _send(self, method: str, url: str, **body: Any) -> Any:
        answer = self._client.request(method, url, json=body)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="module")
def cropper(server: RunningServer) -> Iterator[Cropper]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        signed_in = client.post("/api/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"
        yield Cropper(client)


def test_a_question_is_asked_and_answered_by_keyboard(page: Page, cropper: Cropper) -> None:
    sign_in_page(page)
    page.goto("/access")
    page.get_by_label("Who").fill(cropper.name)
    page.get_by_label("A tool").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("A permission")).to_be_checked()
    expect(page.get_by_label("Tool", exact=True)).to_be_hidden()
    page.get_by_label("Permission", exact=True).select_option("files:all")
    page.get_by_role("button", name="Explain").press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text("No")
    expect(page.get_by_text("does not hold files:all; it holds tools:use")).to_be_visible()
    expect(page.get_by_label("Permission", exact=True)).to_have_value("files:all")
    assert "#answer" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "address", ["/access", "/access?user={}&tool=compress", "/access?user=nobody&tool=crop"]
)
def test_a_screen_reader_and_a_phone_find_their_way(
    browser: Browser, server: RunningServer, cropper: Cropper, scheme: str, address: str
) -> None:
    phone: dict[str, Any] = {**PHONE, "color_scheme": scheme}
    context = browser.new_context(base_url=server.url, **phone)
    page = context.new_page()
    sign_in_page(page)
    page.goto(address.format(cropper.name))
    assert violations(page) == []
    assert excess_width(page) == 0
    assert (
        too_small_to_tap(page, "main :is(a, button, input:not([type=hidden], .chip input), select, .chip)")
        == []
    )
    context.close()


def test_an_edit_of_the_role_closes_an_open_page(page: Page, cropper: Cropper, tmp_path: Path) -> None:
    photo = tmp_path / "harbour.jpg"
    make_image("RGB", (60, 40)).save(photo)
    sign_in_page(page, cropper.name)
    page.goto("/")
    assert [card.inner_text() for card in page.locator(".card-title").all()] == ["Crop", "Resize"]
    page.goto("/tools/image/resize")
    page.set_input_files("#file", photo)
    page.get_by_label("Width", exact=True).fill("30")
    cropper.limit_to("crop")
    page.locator(".button-run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forbidden")
    expect(page.get_by_text("Your role does not allow this tool.")).to_be_visible()
    page.get_by_role("link", name="All tools").click()
    expect(page.locator(".card-title")).to_have_text(["Crop"])
    cropper.limit_to()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no tool for you here")
    assert violations(page) == []
