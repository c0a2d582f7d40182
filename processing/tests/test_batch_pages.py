"""Many files in the form of a tool, and the page of their batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from conftest import client_of
from processing.models import Job
from processing.tests.batches import BAD, File, members, pictures
from processing.tests.queued import carry_queue

RESIZE = "/tools/image/resize"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


def post(client: Client, files: Sequence[File], **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    fields["file"] = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(RESIZE, {"fit": "contain", "width": "50", **fields}, headers=headers)


def html(answer: Any) -> str:
    return str(answer.content.decode())


def ended_batch(client: Client, files: Sequence[File]) -> Job:
    post(client, files)
    carry_queue()
    return Job.objects.get(type="batch")


def test_several_files_lead_to_the_page_of_their_batch(browser: Client) -> None:
    answer = post(browser, pictures("a.jpg", "b.jpg"))
    batch = Job.objects.get(type="batch")
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{batch.pk}")
    page = html(browser.get(answer["Location"]))
    assert "a.jpg" in page
    assert "Waiting" in page
    assert 'http-equiv="refresh"' in page  # without scripts it asks again by itself


def test_a_script_gets_the_batch_in_place(browser: Client) -> None:
    answer = post(browser, pictures("a.jpg", "b.jpg"), headers=HTMX)
    assert (answer.status_code, answer["HX-Push-Url"]) == (200, "false")
    assert "<html" not in html(answer)
    assert 'data-state="running"' in html(answer)


def test_one_file_is_no_batch(browser: Client) -> None:
    post(browser, pictures("a.jpg"))
    assert Job.objects.get().type == "resize"


def test_settings_that_are_wrong_are_told_before_anything_runs(browser: Client) -> None:
    answer = post(browser, pictures("a.jpg", "b.jpg"), width="-1")
    assert answer.status_code == 400
    assert not Job.objects.exists()


def test_too_many_files_are_told(browser: Client, settings: Settings) -> None:
    settings.MAX_BATCH_SIZE = 2
    answer = post(browser, pictures("a.jpg", "b.jpg", "c.jpg"))
    assert answer.status_code == 400
    assert "at most 2 images" in html(answer)


def test_so_many_batches_a_minute_and_no_more(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processing.limits.BATCHES_PER_MINUTE", 1)
    assert post(browser, pictures("a.jpg", "b.jpg")).status_code == 302
    answer = post(browser, pictures("a.jpg", "b.jpg"))
    assert answer.status_code == 429
    assert "try again in" in html(answer)
    assert Job.objects.filter(type="batch").count() == 1


def test_an_ended_batch_offers_all_and_each(browser: Client) -> None:
    batch = ended_batch(browser, [*pictures("a.jpg"), ("bad.jpg", BAD), *pictures("b.jpg")])
    page = html(browser.get(f"/jobs/{batch.pk}"))
    assert "2 of 3 files done" in page
    assert f"batch-resize-{str(batch.pk)[:8]}.zip" in page
    assert 'download="a_resize.jpg"' in page
    assert "/retry" not in page  # what was refused when it was sent would be refused again
    assert members(batch)[1].error in page


def test_its_failed_files_are_shown_alone(browser: Client) -> None:
    batch = ended_batch(browser, [*pictures("a.jpg"), ("bad.jpg", BAD)])
    page = html(browser.get(f"/jobs/{batch.pk}?show=failed"))
    assert "bad.jpg" in page
    assert "a.jpg</a>" not in page


def test_a_batch_that_failed_offers_nothing(browser: Client) -> None:
    batch = ended_batch(browser, [("bad.jpg", BAD), ("worse.jpg", BAD)])
    page = html(browser.get(f"/jobs/{batch.pk}"))
    assert "None of 2 files done" in page
    assert ".zip" not in page


def test_what_was_done_before_a_batch_was_canceled_is_offered(browser: Client) -> None:
    post(browser, pictures("a.jpg", "b.jpg"))
    batch = Job.objects.get(type="batch")
    browser.post(f"/jobs/{batch.pk}/cancel")
    batch.refresh_from_db()
    assert batch.status == "canceled"
    page = html(browser.get(f"/jobs/{batch.pk}"))
    assert "<span>Canceled</span>" in page
    assert "No file was done before." in page


def test_from_the_page_of_a_file_one_goes_to_the_files_beside_it(browser: Client) -> None:
    batch = ended_batch(browser, pictures("a.jpg", "b.jpg", "c.jpg"))
    first, middle, last = members(batch)
    page = html(browser.get(f"/jobs/{middle.pk}"))
    assert f'rel="prev" href="/jobs/{first.pk}"' in page
    assert f'rel="next" href="/jobs/{last.pk}"' in page
    assert 'rel="prev"' not in html(browser.get(f"/jobs/{first.pk}"))
    assert 'rel="next"' not in html(browser.get(f"/jobs/{last.pk}"))
    assert 'rel="next"' not in html(browser.get(f"/jobs/{batch.pk}"))


def test_a_script_that_asks_for_the_files_gets_them_alone(browser: Client) -> None:
    batch = ended_batch(browser, pictures("a.jpg", "b.jpg"))
    page = html(browser.get(f"/jobs/{batch.pk}", headers={**HTMX, "HX-Target": "batch-files"}))
    assert "a.jpg" in page
    assert "Download all" not in page


def test_a_batch_whose_files_are_gone_says_so(browser: Client) -> None:
    batch = ended_batch(browser, pictures("a.jpg", "b.jpg"))
    Job.objects.filter(type="resize").update(delete_after=timezone.now())
    Job.objects.filter(pk=batch.pk).update(delete_after=timezone.now())
    page = html(browser.get(f"/jobs/{batch.pk}"))
    assert "Its files are gone" in page
    assert "download=" not in page


def test_settings_of_a_batch_can_be_taken_again(browser: Client) -> None:
    batch = ended_batch(browser, pictures("a.jpg", "b.jpg"))
    assert 'value="50"' in html(browser.get(f"{RESIZE}?job={batch.pk}"))


def test_a_large_batch_is_shown_in_pages_and_few_queries(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.adapters.batch_outcome.SHOWN", 3)
    post(browser, pictures(*(f"{number}.jpg" for number in range(7))))
    batch = Job.objects.get(type="batch")
    with django_assert_max_num_queries(9):
        page = html(browser.get(f"/jobs/{batch.pk}?page=2"))
    assert "4–6 of 7" in page
    assert [name for name in range(7) if f"{name}.jpg</span>" in page] == [3, 4, 5]


def test_a_stranger_sees_no_batch(browser: Client, bob: User) -> None:
    batch = ended_batch(browser, pictures("a.jpg", "b.jpg"))
    assert client_of(bob).get(f"/jobs/{batch.pk}").status_code == 404


def test_the_page_of_a_file_leads_back_to_its_batch(browser: Client) -> None:
    batch = ended_batch(browser, pictures("a.jpg", "b.jpg"))
    assert f'href="/jobs/{batch.pk}"' in html(browser.get(f"/jobs/{members(batch)[0].pk}"))
