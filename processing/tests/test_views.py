"""The pages of the tools, as a browser without scripts and as htmx ask for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from conftest import client_of, create_user, session_of
from processing.models import Job, JobStatus
from processing.tests.requests import content_of, jpeg

RESIZE = "/tools/image/resize"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


def post(client: Client, content: bytes | None = None, url: str = RESIZE, **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    name = fields.pop("name", "photo.jpg")
    if content is not None:
        fields["file"] = SimpleUploadedFile(name, content)
    return client.post(url, {"fit": "contain", **fields}, headers=headers)


def html(answer: Any) -> str:
    return str(answer.content.decode())


class TestTools:
    def test_every_tool_has_its_card(self, browser: Client) -> None:
        page = html(browser.get("/"))
        for name in ("resize", "crop", "rotate", "convert", "compress"):
            assert f'href="/tools/image/{name}"' in page

    def test_a_search_leaves_what_has_all_its_words(self, browser: Client) -> None:
        answer = browser.get("/?q=Instagram+PIXELS")
        found = [card.tool.id for group in answer.context["groups"] for card in group.cards if card.found]
        assert found == ["resize"]
        assert answer.context["found"] == 1

    def test_a_search_for_nothing_we_have_says_so(self, browser: Client) -> None:
        page = html(browser.get("/?q=teapot"))
        assert '<div class="nothing" data-nothing>' in page

    def test_a_query_is_shown_as_text(self, browser: Client) -> None:
        assert "<script>x" not in html(browser.get("/?q=<script>x"))

    def test_it_asks_the_database_only_who_is_there(
        self, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(2):
            browser.get("/")

    def test_a_visitor_signs_in_first(self, client: Client, db: None) -> None:
        assert client.get("/")["Location"].startswith("/login")

    def test_who_may_not_use_tools_is_refused(self, db: None) -> None:
        from accounts.models import Role

        Role.objects.create(name="reader", permissions=["settings:read"])
        stranger = client_of(create_user("reader", role="reader"))
        for url in ("/", RESIZE):
            assert stranger.get(url).status_code == 403


class TestTool:
    def test_a_tool_that_is_none_is_not_found(self, browser: Client) -> None:
        assert browser.get("/tools/image/teapot").status_code == 404
        assert browser.get("/tools/video/resize").status_code == 404

    def test_its_page_has_the_form(self, browser: Client) -> None:
        page = html(browser.get(RESIZE))
        assert 'name="percentage"' in page
        assert 'enctype="multipart/form-data"' in page

    def test_what_goes_on_is_shown_to_whoever_comes_back(
        self, browser: Client, alice: User, bob: User
    ) -> None:
        told = "of yours goes on"
        job(alice, status=JobStatus.COMPLETED), job(bob), job(alice, type="crop", tool_id="crop")
        assert told not in html(browser.get(RESIZE))
        waiting = job(alice)
        page = html(browser.get(RESIZE))
        assert told in page
        assert f'href="/jobs/{waiting.pk}"' in page

    def test_without_script_the_result_is_a_page(self, browser: Client) -> None:
        answer = post(browser, jpeg(), width="100")
        job = Job.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")
        page = html(browser.get(answer["Location"]))
        assert "photo_resize.jpg" in page
        assert "100 × 75" in page

    def test_with_htmx_the_result_is_a_part_and_its_address_works(self, browser: Client) -> None:
        answer = post(browser, jpeg(), width="100", headers=HTMX)
        assert answer.status_code == 200
        assert "<!DOCTYPE" not in html(answer)
        download = browser.get(answer.context["outcome"].main.url)
        assert len(content_of(download)) == Job.objects.get().bytes_out

    def test_settings_at_fault_come_back_beside_their_fields(self, browser: Client) -> None:
        answer = post(browser, jpeg(), width="0", headers=HTMX)
        assert answer.status_code == 400
        assert 'hx-swap-oob="true"' in html(answer)
        assert "Must be greater than or equal to 1." in html(answer)
        assert not Job.objects.exists()

    def test_without_script_the_page_keeps_what_was_typed(self, browser: Client) -> None:
        answer = post(browser, jpeg(), width="x", percentage="40")
        assert answer.status_code == 400
        page = html(answer)
        assert "<!DOCTYPE" in page
        assert 'value="40"' in page
        assert "Enter a number." in page

    @pytest.mark.parametrize(
        ("content", "status", "message"),
        [
            (None, 400, "No image was sent"),
            (b"", 400, "No image was sent"),
            (b"no picture" * 9, 400, "Invalid image"),
        ],
    )
    def test_a_file_at_fault_is_named(
        self, browser: Client, content: bytes | None, status: int, message: str
    ) -> None:
        answer = post(browser, content, width="10", headers=HTMX)
        assert answer.status_code == status
        assert message in html(answer)

    def test_a_file_that_is_too_large_is_refused(self, browser: Client, settings: Settings) -> None:
        settings.MAX_UPLOAD_SIZE_MB = 0.001
        answer = post(browser, jpeg((400, 300)), width="10", headers=HTMX)
        assert answer.status_code == 413
        assert "the limit is 0.001 MB" in html(answer)

    def test_what_the_tool_itself_refuses_is_said(self, browser: Client) -> None:
        area = {"left": "0", "top": "0", "width": "9999", "height": "10", "unit": "px"}
        answer = post(browser, jpeg(), "/tools/image/crop", headers=HTMX, **area)
        assert answer.status_code in (400, 422)
        assert 'role="alert"' in html(answer) or "field-invalid" in html(answer)
        assert Job.objects.get().status == JobStatus.FAILED

    def test_earlier_settings_are_offered_again(self, browser: Client) -> None:
        post(browser, jpeg(), width="123", fit="cover")
        page = html(browser.get(f"{RESIZE}?job={Job.objects.get().pk}"))
        assert 'value="123"' in page
        assert '<option value="cover" selected>' in page

    @pytest.mark.parametrize("job", ["", "x", str(uuid4())])
    def test_a_job_that_is_none_leaves_the_defaults(self, browser: Client, job: str) -> None:
        assert browser.get(f"{RESIZE}?job={job}").status_code == 200

    def test_a_strangers_settings_stay_his(self, browser: Client, charlie: User) -> None:
        post(browser, jpeg(), width="123")
        page = html(client_of(charlie).get(f"{RESIZE}?job={Job.objects.get().pk}"))
        assert 'value="123"' not in page

    def test_a_form_from_elsewhere_is_refused(self, alice: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies["snapotter-session"] = session_of(alice).id
        assert post(strict, jpeg(), width="10").status_code == 403


def job(user: User, **columns: Any) -> Job:
    return Job.objects.create(**{"type": "resize", "tool_id": "resize", "user": user, **columns})


class TestJob:
    def test_a_stranger_finds_nothing(self, alice: User, charlie: User) -> None:
        url = f"/jobs/{job(alice).pk}"
        assert client_of(alice).get(url).status_code == 200
        assert client_of(charlie).get(url).status_code == 404

    def test_nobody_may_keep_the_answer(self, alice: User) -> None:
        answer = client_of(alice).get(f"/jobs/{job(alice).pk}")
        assert "no-store" in answer["Cache-Control"]
        assert "HX-Request" in answer["Vary"]

    def test_a_running_one_is_followed(self, alice: User) -> None:
        running = job(alice, status=JobStatus.PROCESSING, progress=0.42, stage="Encoding")
        page = html(client_of(alice).get(f"/jobs/{running.pk}", headers=HTMX))
        assert f'data-events="/api/v1/jobs/{running.pk}/progress"' in page
        assert 'value="42"' in page
        assert "Encoding" in page

    def test_a_failed_one_says_why_and_asks_no_more(self, alice: User) -> None:
        failed = job(alice, status=JobStatus.FAILED, error="It broke", error_code="X")
        page = html(client_of(alice).get(f"/jobs/{failed.pk}", headers=HTMX))
        assert "It broke" in page
        assert "hx-trigger" not in page

    def test_an_expired_one_offers_no_download(self, browser: Client) -> None:
        post(browser, jpeg(), width="100")
        Job.objects.update(delete_after=timezone.now() - timedelta(seconds=1))
        page = html(browser.get(f"/jobs/{Job.objects.get().pk}"))
        assert "are gone" in page
        assert "/download/" not in page

    def test_a_tool_of_another_version_is_no_accident(self, alice: User) -> None:
        old = job(alice, type="gone", tool_id="gone", status=JobStatus.COMPLETED)
        assert client_of(alice).get(f"/jobs/{old.pk}").status_code == 200

    def test_pictures_of_one_shape_can_be_laid_over_each_other(self, browser: Client) -> None:
        post(browser, jpeg(), width="100")
        assert 'data-same-shape="true"' in html(browser.get(f"/jobs/{Job.objects.get().pk}"))

    def test_pictures_of_two_shapes_cannot(self, browser: Client) -> None:
        post(browser, jpeg(), width="100", height="100", fit="cover")
        assert 'data-same-shape="false"' in html(browser.get(f"/jobs/{Job.objects.get().pk}"))

    def test_a_result_that_browsers_cannot_show_is_shown_as_its_preview(self, browser: Client) -> None:
        post(browser, jpeg(), "/tools/image/convert", format="tiff")
        assert "preview.webp" in html(browser.get(f"/jobs/{Job.objects.get().pk}"))
