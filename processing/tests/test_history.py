"""The history: whose jobs are on it, how they are told, and what can be done with them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from conftest import Api, client_of, create_user
from processing import workspace
from processing.history import thumbnails
from processing.history.query import Position
from processing.history.views import SHOWN
from processing.lane import fast_lane
from processing.miniature import miniature
from processing.models import Job, JobStatus
from processing.tests.lanes import work_of
from processing.tests.requests import jpeg, post

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def job(user: User | None, *, type: str = "resize", age: int = 0, **columns: Any) -> Job:
    values: dict[str, Any] = {
        "status": JobStatus.COMPLETED,
        "settings": {"width": 300},
        "input_files": ["x/input/otter.png"],
        "bytes_in": 2048,
        "bytes_out": 1024,
        "duration_ms": 40,
        "created_at": timezone.now() - timedelta(minutes=age),
        **columns,
    }
    return Job.objects.create(
        type=type, tool_id="" if type in {"batch", "pipeline"} else type, user=user, **values
    )


def with_result(user: User, *, key: str = "", **columns: Any) -> Job:
    output = {"name": "otter_resize.png", "key": key, "mimeType": "image/png", "bytes": 1024}
    return job(user, result={"outputs": [output]}, output_path="x", **columns)


def ran(api: Api, user: User) -> Job:
    """A job that really ran."""
    body = post(api.as_user(user), jpeg(), {"width": 50}).json()
    return Job.objects.get(pk=body["jobId"])


def shown(answer: Any) -> list[Any]:
    assert answer.status_code == 200
    return [item.job.pk for item in answer.context["items"]]


def html(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


class TestWhose:
    def test_ones_own_newest_first_and_nobody_elses(self, browser: Client, alice: User, bob: User) -> None:
        old, new = job(alice, age=5), job(alice)
        job(bob), job(None)
        assert shown(browser.get("/jobs")) == [new.pk, old.pk]

    def test_members_are_told_by_their_batch(self, browser: Client, alice: User) -> None:
        settings = {"toolId": "resize", "settings": {"width": 300}}
        batch = job(alice, type="batch", settings=settings, status=JobStatus.PROCESSING)
        for status in (JobStatus.COMPLETED, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.QUEUED):
            job(alice, parent=batch, status=status)
        answer = browser.get("/jobs")
        assert shown(answer) == [batch.pk]
        page = html(answer)
        for told in ("4 files", "3 of 4 files, 1 failed", "Batch · Width 300 px"):
            assert told in page

    def test_why_one_failed_is_told_without_ceremony(self, browser: Client, alice: User) -> None:
        failed = job(alice, status=JobStatus.FAILED, error="Processing failed: The image is damaged.")
        for page in ("/jobs", f"/jobs/{failed.pk}"):
            assert "Processing failed" not in html(browser.get(page))
            assert "The image is damaged." in html(browser.get(page))

    def test_a_batch_is_not_done_without_what_failed(self, browser: Client, alice: User) -> None:
        batch = job(alice, type="batch", settings={"toolId": "resize"})
        for status in (JobStatus.COMPLETED, JobStatus.COMPLETED, JobStatus.FAILED):
            job(alice, parent=batch, status=status)
        page = html(browser.get("/jobs"))
        assert "2 of 3 files done" in page
        assert "1 failed" in page
        assert "job-done" not in page

    def test_a_canceled_batch_offers_what_was_done(self, browser: Client, alice: User) -> None:
        archive = {"name": "batch.zip", "key": "", "mimeType": "application/zip", "bytes": 9}
        result = {"outputs": [archive]}
        job(alice, type="batch", status=JobStatus.CANCELED, settings={"toolId": "resize"}, result=result)
        page = html(browser.get("/jobs"))
        assert 'download="batch.zip"' in page
        assert "?from=" not in page

    def test_of_a_canceled_batch_its_page_says_the_same(self, browser: Client, alice: User) -> None:
        batch = job(alice, type="batch", status=JobStatus.CANCELED, settings={"toolId": "resize"})
        for status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED):
            job(alice, parent=batch, status=status)
        for page in ("/jobs", f"/jobs/{batch.pk}"):
            assert "1 of 3 files done" in html(browser.get(page))

    def test_everybodys_are_for_who_may_see_all_files(
        self, browser: Client, alice: User, bob: User, admin: User
    ) -> None:
        ours, theirs = job(alice), job(bob, age=1)
        assert shown(browser.get("/jobs?everybody=1")) == [ours.pk]
        assert 'name="everybody"' not in html(browser.get("/jobs"))
        administrator = client_of(admin)
        assert shown(administrator.get("/jobs")) == []
        answer = administrator.get("/jobs?everybody=1")
        assert shown(answer) == [ours.pk, theirs.pk]
        assert "bob" in html(answer)

    def test_of_one_user_who_may_see_all_files_sees_the_runs(
        self, browser: Client, alice: User, bob: User, admin: User
    ) -> None:
        ours, theirs, _ = job(alice), job(bob), job(None)
        assert shown(browser.get("/jobs?user=bob")) == [ours.pk]
        administrator = client_of(admin)
        answer = administrator.get("/jobs?user=bob")
        assert shown(answer) == [theirs.pk]
        assert "What bob ran" in html(answer)
        assert shown(administrator.get("/jobs?user=bob&state=failed")) == []
        for nobody in ("nobody", "bob%00x", "x" * 999):
            assert shown(administrator.get(f"/jobs?user={nobody}")) == []

    def test_a_visitor_signs_in_first_and_who_may_use_no_tools_is_refused(self, client: Client) -> None:
        assert client.get("/jobs")["Location"].startswith("/login?")
        Role.objects.create(name="reader", permissions=["settings:read"])
        assert client_of(create_user("reader", role="reader")).get("/jobs").status_code == 403


class TestWhatIsTold:
    def test_a_done_job_offers_its_result(self, browser: Client, alice: User) -> None:
        done = with_result(alice)
        page = html(browser.get("/jobs"))
        for told in ("Resize", "otter.png", "Width 300 px", "2.0\xa0KB", "1.0\xa0KB", "40 ms", "Done"):
            assert told in page
        assert 'download="otter_resize.png"' in page
        assert f"/jobs/{done.pk}/again" in page
        assert f"/?from={done.pk}" in page
        assert f'src="/jobs/{done.pk}/thumbnail"' in page

    def test_an_expired_one_says_so_and_offers_no_file(self, browser: Client, alice: User) -> None:
        with_result(alice, delete_after=timezone.now() - timedelta(hours=1))
        page = html(browser.get("/jobs"))
        assert "Expired" in page
        assert "Run again" in page
        for gone in ("download=", "/thumbnail", "?from="):
            assert gone not in page

    def test_a_failed_one_says_why(self, browser: Client, alice: User) -> None:
        job(alice, status=JobStatus.FAILED, error="The file <b>is damaged")
        page = html(browser.get("/jobs"))
        assert "The file &lt;b&gt;is damaged" in page
        assert "download=" not in page

    def test_one_that_has_not_ended_can_be_canceled_and_is_asked_for_again(
        self, browser: Client, alice: User
    ) -> None:
        waiting = job(alice, status=JobStatus.QUEUED)
        page = html(browser.get("/jobs"))
        assert "Waiting for its turn" in page
        assert f'action="/jobs/{waiting.pk}/cancel"' in page
        assert f'hx-get="/jobs/live?id={waiting.pk}"' in page

    def test_nothing_is_asked_for_again_when_all_have_ended(self, browser: Client, alice: User) -> None:
        job(alice)
        assert "history-live" not in html(browser.get("/jobs"))

    def test_chains_and_what_is_no_tool_any_more_have_a_name(self, browser: Client, alice: User) -> None:
        steps = [{"toolId": "resize", "settings": {"width": 9}}, {"toolId": "teapot"}]
        job(alice, type="pipeline", settings={"steps": steps})
        job(alice, type="pipeline", settings={"steps": steps * 3})
        job(alice, type="pipeline", settings={})
        job(alice, type="teapot", settings={"spout": 1})
        titles = [item.title for item in browser.get("/jobs").context["items"]]
        assert sorted(titles) == [
            "Pipeline",
            "Resize → teapot",
            "Resize → teapot → Resize → teapot → 2 more",
            "teapot",
        ]

    def test_who_ran_nothing_is_shown_the_way(self, browser: Client) -> None:
        assert "Nothing ran yet" in html(browser.get("/jobs"))
        assert "Nothing matches" in html(browser.get("/jobs?state=failed"))


class TestFilters:
    def test_by_state_and_tool(self, browser: Client, alice: User) -> None:
        waiting = job(alice, status=JobStatus.QUEUED)
        running = job(alice, status=JobStatus.PROCESSING, age=1, type="crop")
        failed = job(alice, status=JobStatus.FAILED, age=2)
        assert shown(browser.get("/jobs?state=unfinished")) == [waiting.pk, running.pk]
        assert shown(browser.get("/jobs?tool=resize")) == [waiting.pk, failed.pk]
        assert shown(browser.get("/jobs?state=failed&tool=crop")) == []

    @pytest.mark.parametrize(
        "query",
        ["state=asleep", "before=x", "before=1-2", "before=%D9%A3-x", "before=" + "9" * 5000, "everybody=2"],
    )
    def test_what_makes_no_sense_is_not_asked_for(self, browser: Client, alice: User, query: str) -> None:
        known = job(alice)
        assert shown(browser.get(f"/jobs?{query}")) == [known.pk]

    @pytest.mark.parametrize("tool", ["teapot", "%00", "%ED%A0%80", "x" * 5000])
    def test_a_tool_there_never_was_finds_nothing(self, browser: Client, alice: User, tool: str) -> None:
        assert browser.get(f"/jobs?tool={tool}").status_code == 200

    def test_pages_follow_each_other_without_gap_or_repetition(self, browser: Client, alice: User) -> None:
        moment = timezone.now()
        jobs = [job(alice, created_at=moment - timedelta(seconds=n // 3)) for n in range(2 * SHOWN + 5)]
        seen: list[Any] = []
        address = ""
        for _ in range(3):
            answer = browser.get(f"/jobs?{address}")
            seen += shown(answer)
            address = answer.context["older"]
        assert address == ""
        assert len(seen) == len(set(seen)) == len(jobs)
        assert set(seen) == {row.pk for row in jobs}

    def test_an_older_page_keeps_the_filters(self, browser: Client, alice: User) -> None:
        for _ in range(SHOWN + 1):
            job(alice)
        assert (
            "state=completed&tool=resize" in browser.get("/jobs?state=completed&tool=resize").context["older"]
        )

    def test_a_position_is_what_it_was_written_as(self, alice: User) -> None:
        position = Position.of(job(alice))
        assert Position.parse(str(position)) == position

    def test_a_page_needs_few_queries_however_long(
        self, browser: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(SHOWN + 1):
            with_result(alice)
        with django_assert_num_queries(2):  # the session, the jobs
            browser.get("/jobs")
        for _ in range(3):
            job(alice, parent=job(alice, type="batch", settings={"toolId": "resize"}))
        with django_assert_num_queries(3):  # and how far the batches are
            browser.get("/jobs")


class TestLive:
    def test_rows_come_as_they_are_now(self, browser: Client, alice: User) -> None:
        done, waiting = job(alice), job(alice, status=JobStatus.QUEUED)
        page = html(browser.get(f"/jobs/live?id={done.pk}&id={waiting.pk}", headers=HTMX))
        assert f'id="job-{done.pk}" data-state="done" hx-swap-oob="true"' in page
        assert "Resize, otter.png: done." in page
        assert f'hx-get="/jobs/live?id={waiting.pk}"' in page

    def test_when_all_have_ended_nobody_asks_any_more(self, browser: Client, alice: User) -> None:
        done = job(alice)
        assert "history-live" not in html(browser.get(f"/jobs/live?id={done.pk}", headers=HTMX))

    def test_others_are_as_absent_as_what_is_no_id(self, browser: Client, bob: User) -> None:
        theirs = job(bob)
        answer = browser.get(f"/jobs/live?id={theirs.pk}&id=x&id={uuid4()}&id=%00", headers=HTMX)
        assert shown(answer) == []

    def test_of_what_goes_on_only_the_state_comes_and_a_button_goes_that_was_pressed(
        self, browser: Client, alice: User
    ) -> None:
        going = job(alice, status=JobStatus.PROCESSING)
        page = html(browser.get(f"/jobs/live?id={going.pk}", headers=HTMX))
        assert f'id="state-{going.pk}" hx-swap-oob="true"' in page
        assert "job-actions" not in page
        Job.objects.filter(pk=going.pk).update(cancel_requested=True)
        page = html(browser.get(f"/jobs/live?id={going.pk}", headers=HTMX))
        assert f'id="actions-{going.pk}" hx-swap-oob="true"' in page
        assert "<button" not in page

    def test_whoever_comes_there_by_its_address_gets_the_page_they_are_of(self, browser: Client) -> None:
        address = browser.get("/jobs/live?state=failed&id=x")["Location"]
        assert address == "/jobs?state=failed"


class TestCancel:
    def test_a_queued_job_never_starts(self, browser: Client, alice: User) -> None:
        waiting = job(alice, status=JobStatus.QUEUED)
        answer = browser.post(f"/jobs/{waiting.pk}/cancel")
        assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{waiting.pk}")
        waiting.refresh_from_db()
        assert waiting.status == JobStatus.CANCELED
        assert "This run was canceled" in html(browser.get(f"/jobs/{waiting.pk}"))

    def test_from_the_history_it_leads_back_to_the_same_page(self, browser: Client, alice: User) -> None:
        waiting = job(alice, status=JobStatus.QUEUED)
        back = "state=unfinished&tool=resize&next=https://elsewhere.example"
        answer = browser.post(f"/jobs/{waiting.pk}/cancel", {"back": back})
        assert answer["Location"] == "/jobs?state=unfinished&tool=resize"

    def test_with_htmx_the_rows_are_asked_for(self, browser: Client, alice: User) -> None:
        waiting = job(alice, status=JobStatus.QUEUED)
        answer = browser.post(f"/jobs/{waiting.pk}/cancel", headers=HTMX)
        assert (answer.status_code, answer["HX-Trigger"]) == (204, "jobs-changed")

    def test_one_that_has_ended_stays_as_it_is(self, browser: Client, alice: User) -> None:
        done = job(alice)
        assert browser.post(f"/jobs/{done.pk}/cancel").status_code == 302
        done.refresh_from_db()
        assert (done.status, done.cancel_requested) == (JobStatus.COMPLETED, False)

    def test_a_running_one_is_told_to_stop(self, browser: Client, alice: User) -> None:
        running = job(alice, status=JobStatus.PROCESSING, attempts=1)
        browser.post(f"/jobs/{running.pk}/cancel")
        page = html(browser.get("/jobs"))
        assert "Canceling …" in page
        assert "/cancel" not in page

    def test_that_of_somebody_else_is_absent(self, browser: Client, bob: User, admin: User) -> None:
        theirs = job(bob, status=JobStatus.QUEUED)
        assert browser.post(f"/jobs/{theirs.pk}/cancel").status_code == 404
        assert browser.get(f"/jobs/{theirs.pk}/cancel").status_code == 405
        theirs.refresh_from_db()
        assert theirs.status == JobStatus.QUEUED
        assert client_of(admin).post(f"/jobs/{theirs.pk}/cancel").status_code == 302

    def test_it_needs_the_token_of_a_form(self, alice: User) -> None:
        browser = client_of(alice)
        browser.handler.enforce_csrf_checks = True
        waiting = job(alice, status=JobStatus.QUEUED)
        assert browser.post(f"/jobs/{waiting.pk}/cancel").status_code == 403


class TestEarlierFiles:
    def test_the_tool_begins_with_the_original_and_its_settings(
        self, api: Api, browser: Client, alice: User
    ) -> None:
        earlier = ran(api, alice)
        answer = browser.get(f"/tools/image/resize?job={earlier.pk}")
        assert answer.context["source"].name == "photo.jpg"
        assert 'value="50"' in html(answer)
        assert browser.get(answer.context["source"].url).status_code == 200

    def test_another_tool_begins_with_the_result(self, api: Api, browser: Client, alice: User) -> None:
        earlier = ran(api, alice)
        assert f"/tools/image/crop?from={earlier.pk}" in html(browser.get(f"/?from={earlier.pk}"))
        answer = browser.get(f"/tools/image/crop?from={earlier.pk}")
        assert 'data-source-name="photo_resize.jpg"' in html(answer)
        assert browser.get(answer.context["source"].url).status_code == 200

    @pytest.mark.parametrize("query", ["from", "job"])
    def test_there_is_none_once_it_is_gone(self, browser: Client, alice: User, bob: User, query: str) -> None:
        past = timezone.now() - timedelta(hours=1)
        refused = job(alice, status=JobStatus.FAILED, bytes_in=0)
        gone = [with_result(alice, delete_after=past), with_result(bob), refused]
        for id in [*(row.pk for row in gone), uuid4(), "x", ""]:
            answer = browser.get(f"/tools/image/crop?{query}={id}")
            assert answer.context["source"] is None
            assert "data-source" not in html(answer)


class TestRunAgain:
    def test_one_tool_is_its_page_with_the_settings(self, browser: Client, alice: User) -> None:
        earlier = job(alice)
        assert f'href="/jobs/{earlier.pk}/again"' in html(browser.get("/jobs"))
        answer = browser.get(f"/jobs/{earlier.pk}/again")
        assert answer["Location"] == f"/tools/image/resize?job={earlier.pk}"

    def test_so_is_a_batch_of_one_tool(self, browser: Client, alice: User) -> None:
        batch = job(alice, type="batch", settings={"toolId": "resize", "settings": {"width": 77}})
        Job.objects.filter(pk=batch.pk).update(tool_id="resize")
        answer = browser.get(f"/jobs/{batch.pk}/again", follow=True)
        assert 'value="77"' in html(answer)
        assert "have to be chosen again" in html(answer)

    def test_a_tool_that_is_gone_is_said_to_be(self, browser: Client, alice: User) -> None:
        earlier = job(alice, type="melt")
        assert f"/jobs/{earlier.pk}/again" not in html(browser.get("/jobs"))
        answer = browser.get(f"/jobs/{earlier.pk}/again")
        assert answer.status_code == 404
        assert "not here any more" in html(answer)

    def test_that_of_somebody_else_is_absent(self, browser: Client, bob: User) -> None:
        assert browser.get(f"/jobs/{job(bob).pk}/again").status_code == 404

    def test_one_that_failed_begins_with_its_picture(self, browser: Client, alice: User) -> None:
        failed = job(alice, status=JobStatus.FAILED)
        answer = browser.get(f"/jobs/{failed.pk}/again", follow=True)
        assert answer.context["source"].name == "otter.png"


class TestRetry:
    def batch(self, user: User, *members: JobStatus, **columns: Any) -> Job:
        settings = {"toolId": "resize", "settings": {"width": 300}}
        batch = job(user, type="batch", settings=settings, **columns)
        Job.objects.filter(pk=batch.pk).update(tool_id="resize")
        for status in members:
            row = job(user, parent=batch, status=status)
            row.input_files = [workspace.save_input(row.pk, "otter.jpg", ContentFile(jpeg()))]
            row.save(update_fields=["input_files"])
        return batch

    def test_what_failed_is_a_new_batch(self, browser: Client, alice: User) -> None:
        batch = self.batch(alice, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED)
        for page in ("/jobs", f"/jobs/{batch.pk}"):
            told = html(browser.get(page))
            assert "Try the 2 that failed again" in told
            assert f'action="/jobs/{batch.pk}/retry"' in told
        answer = browser.post(f"/jobs/{batch.pk}/retry")
        again = Job.objects.get(type="batch", status=JobStatus.QUEUED)
        assert answer["Location"] == f"/jobs/{again.pk}"
        assert Job.objects.filter(parent=again).count() == 2

    def test_with_htmx_it_leads_there_too(self, browser: Client, alice: User) -> None:
        batch = self.batch(alice, JobStatus.CANCELED, status=JobStatus.CANCELED)
        assert "Run the 1 left" in html(browser.get("/jobs"))
        answer = browser.post(f"/jobs/{batch.pk}/retry", headers=HTMX)
        again = Job.objects.get(type="batch", status=JobStatus.QUEUED)
        assert answer["HX-Redirect"] == f"/jobs/{again.pk}"

    def test_where_there_is_nothing_to_try_the_page_says_so(self, browser: Client, alice: User) -> None:
        batch = self.batch(alice, JobStatus.COMPLETED)
        assert "/retry" not in html(browser.get("/jobs")) + html(browser.get(f"/jobs/{batch.pk}"))
        answer = browser.post(f"/jobs/{batch.pk}/retry", follow=True)
        assert answer.redirect_chain == [(f"/jobs/{batch.pk}", 302)]
        assert "Nothing failed of which the file was kept." in html(answer)

    def test_so_often_a_minute_and_no_more(
        self, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("processing.limits.BATCHES_PER_MINUTE", 1)
        batch = self.batch(alice, JobStatus.FAILED)
        for _ in range(2):
            browser.post(f"/jobs/{batch.pk}/retry")
        assert Job.objects.filter(type="batch", status=JobStatus.QUEUED).count() == 1

    def test_that_of_somebody_else_is_absent(self, browser: Client, bob: User) -> None:
        assert browser.post(f"/jobs/{self.batch(bob, JobStatus.FAILED).pk}/retry").status_code == 404


class TestJobPage:
    @pytest.mark.parametrize(
        ("columns", "told"),
        [
            ({"status": JobStatus.QUEUED}, "Waiting for its turn"),
            ({"status": JobStatus.PROCESSING, "stage": "encoding"}, "Encoding"),
            ({"status": JobStatus.PROCESSING, "cancel_requested": True}, "Canceling"),
            ({"status": JobStatus.CANCELED, "error": "Canceled"}, "This run was canceled"),
            ({"status": JobStatus.FAILED, "error": "It is damaged"}, "It is damaged"),
        ],
    )
    def test_it_tells_how_the_job_stands(
        self, browser: Client, alice: User, columns: dict[str, Any], told: str
    ) -> None:
        row = job(alice, **columns)
        page = html(browser.get(f"/jobs/{row.pk}"))
        assert told in page
        assert ("/cancel" in page) == (not row.is_finished and not row.cancel_requested)

    def test_one_of_several_tools_has_a_title(self, browser: Client, alice: User) -> None:
        steps = [{"toolId": "resize", "settings": {}}, {"toolId": "crop", "settings": {}}]
        row = job(alice, type="pipeline", settings={"steps": steps})
        assert "<h1>Resize → Crop</h1>" in html(browser.get(f"/jobs/{row.pk}"))


class TestThumbnail:
    def test_it_is_small_and_made_once(
        self, api: Api, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from io import BytesIO

        from PIL import Image

        body = post(api.as_user(alice), jpeg((800, 400)), {"width": 700}).json()
        address = f"/jobs/{body['jobId']}/thumbnail"
        answer = browser.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        assert "sandbox" in answer["Content-Security-Policy"]
        with Image.open(BytesIO(answer.content)) as image:
            assert (image.format, image.size) == ("WEBP", (240, 120))
        monkeypatch.setattr("processing.history.thumbnails.miniature", None)
        again = browser.get(address)
        assert again.content == answer.content
        assert browser.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304

    def test_of_a_batch_it_is_that_of_its_first_file(self, api: Api, browser: Client, alice: User) -> None:
        batch = job(alice, type="batch", settings={"toolId": "resize"})
        assert f"/jobs/{batch.pk}/thumbnail" not in html(browser.get("/jobs"))
        assert browser.get(f"/jobs/{batch.pk}/thumbnail").status_code == 404
        done = ran(api, alice)
        Job.objects.filter(pk=done.pk).update(parent=batch)
        assert f"/jobs/{batch.pk}/thumbnail" in html(browser.get("/jobs"))
        shown = browser.get(f"/jobs/{batch.pk}/thumbnail")
        assert shown.content == browser.get(f"/jobs/{done.pk}/thumbnail").content

    def test_it_is_the_owners(self, api: Api, alice: User, bob: User, admin: User) -> None:
        address = f"/jobs/{ran(api, alice).pk}/thumbnail"
        assert client_of(bob).get(address).status_code == 404
        assert client_of(admin).get(address).status_code == 200
        assert Client().get(address).status_code == 302

    def test_without_a_picture_there_is_none(self, browser: Client, alice: User) -> None:
        key = workspace.storage().save(f"{uuid4()}/1/x.png", ContentFile(b"not a picture"))
        damaged, gone = with_result(alice, key=key), with_result(alice, key=f"{uuid4()}/1/never.png")
        past = timezone.now() - timedelta(hours=1)
        rows = [damaged, gone, job(alice), with_result(alice, delete_after=past)]
        assert {browser.get(f"/jobs/{row.pk}/thumbnail").status_code for row in rows} == {404}

    def test_they_are_made_one_at_a_time_and_whoever_waits_too_long_is_told(
        self, api: Api, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = f"/jobs/{ran(api, alice).pk}/thumbnail"
        monkeypatch.setattr(thumbnails, "WAIT_SECONDS", 0.01)
        with thumbnails._making:
            assert browser.get(address).status_code == 503
        assert browser.get(address).status_code == 200

    def test_only_so_many_wait_for_one_as_each_holds_a_thread(
        self, api: Api, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = f"/jobs/{ran(api, alice).pk}/thumbnail"
        monkeypatch.setattr(thumbnails, "_waiting", threading.BoundedSemaphore(1))
        with thumbnails._waiting:
            assert browser.get(address).status_code == 503
        assert browser.get(address).status_code == 200

    def test_a_run_that_comes_meanwhile_counts_it(
        self, api: Api, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = ran(api, alice)
        result: Any = row.result
        result["outputs"][0] |= {"width": 6000, "height": 5000}
        row.save()
        made = miniature
        found: list[list[float]] = []

        def watched(*args: Any, **options: Any) -> Any:
            found.append(work_of(fast_lane()))
            return made(*args, **options)

        monkeypatch.setattr(thumbnails, "miniature", watched)
        browser.get(f"/jobs/{row.pk}/thumbnail")
        assert (found, work_of(fast_lane())) == ([[30.0]], [])

    def test_it_goes_with_the_job(self, api: Api, browser: Client, alice: User) -> None:
        row = ran(api, alice)
        browser.get(f"/jobs/{row.pk}/thumbnail")
        key = f"{row.pk}/thumbnail/thumbnail.webp"
        assert workspace.storage().exists(key)
        workspace.delete_job_files(row.pk)
        assert not workspace.storage().exists(key)
