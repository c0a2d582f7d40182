"""Many files in one request, and the ZIP of what came out."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from conftest import Api
from processing import queue, workspace
from processing.models import Job
from processing.results import JobResult
from processing.tests.batches import BAD, BATCH, pictures, post_batch, queued_batch, states, zip_of
from processing.tests.queued import carry_queue
from processing.tests.requests import content_of, jpeg, stored_files
from snapotter.runtime import store


@pytest.fixture
def worker(transactional_db: None, settings: Settings) -> Iterator[None]:
    """Carries the queue beside the test, which waits for it, however long it takes."""
    settings.SYNC_WAIT_MS = 120_000
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            carry_queue()
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_it_answers_a_zip_in_the_order_of_the_upload(worker: None, api: Api, alice: User) -> None:
    answer = post_batch(api.as_user(alice), pictures("c.jpg", "a.jpg", "b.jpg", "A.jpg"), {"width": 50})
    batch = Job.objects.get(type="batch")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert f'filename="batch-resize-{str(batch.pk)[:8]}.zip"' in answer["Content-Disposition"]
    assert answer["X-Job-Id"] == str(batch.pk)
    names = ["c_resize.jpg", "a_resize.jpg", "b_resize.jpg", "A_resize_1.jpg"]
    assert json.loads(unquote(answer["X-File-Results"])) == {str(i): name for i, name in enumerate(names)}
    content = content_of(answer)
    assert len(content) == int(answer["Content-Length"])
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.namelist() == names
    assert archive.testzip() is None


def test_one_bad_file_does_not_stop_the_rest(worker: None, api: Api, alice: User) -> None:
    files = [*pictures("a.jpg"), ("bad.jpg", BAD), *pictures("b.jpg")]
    answer = post_batch(api.as_user(alice), files, {"width": 50})
    assert answer.status_code == 200
    assert json.loads(unquote(answer["X-File-Results"])) == {"0": "a_resize.jpg", "2": "b_resize.jpg"}
    assert zip_of(answer).namelist() == ["a_resize.jpg", "b_resize.jpg"]
    assert states(Job.objects.get(type="batch")) == ["completed", "failed", "completed"]


def test_what_fails_while_it_runs_does_not_stop_the_rest_either(worker: None, api: Api, alice: User) -> None:
    crop = {"left": 150, "top": 0, "width": 100, "height": 10}
    files = [("small.jpg", jpeg()), ("large.jpg", jpeg((400, 300)))]
    answer = post_batch(api.as_user(alice), files, crop, url="/api/v1/tools/image/crop/batch")
    assert json.loads(unquote(answer["X-File-Results"])) == {"1": "large_crop.jpg"}


def test_when_all_fail_it_says_why_at_once(api: Api, alice: User) -> None:
    before = stored_files()
    answer = post_batch(api.as_user(alice), [("a.jpg", BAD), ("b.jpg", b"\0" * 99)], {"width": 50})
    body = answer.json()
    assert (answer.status_code, body["error"], body["code"]) == (422, "All files failed", "ALL_FILES_FAILED")
    assert [error["filename"] for error in body["errors"]] == ["a.jpg", "b.jpg"]
    assert all(error["error"] for error in body["errors"])
    assert stored_files() == before


def test_empty_files_do_not_count(worker: None, api: Api, alice: User) -> None:
    answer = post_batch(api.as_user(alice), [("empty.jpg", b""), *pictures("a.jpg")], {"width": 50})
    assert json.loads(unquote(answer["X-File-Results"])) == {"0": "a_resize.jpg"}


@pytest.mark.parametrize(
    ("files", "asked", "code"),
    [
        ([], {"width": 50}, "NO_FILE"),
        ([("a.jpg", b"")], "{", "NO_FILE"),
        (pictures("1.jpg", "2.jpg", "3.jpg"), "{", "TOO_MANY_FILES"),
        (pictures("1.jpg", "2.jpg"), "{", "INVALID_SETTINGS"),
        (pictures("1.jpg"), {}, "INVALID_SETTINGS"),
        (pictures("1.jpg"), [1], "INVALID_SETTINGS"),
    ],
)
def test_it_refuses_in_this_order(
    api: Api, alice: User, settings: Settings, files: Any, asked: Any, code: str
) -> None:
    settings.MAX_BATCH_SIZE = 2
    before = stored_files()
    answer = post_batch(api.as_user(alice), files, asked)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Job.objects.exists()
    assert stored_files() == before


def test_it_does_not_even_take_far_too_many(api: Api, alice: User, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    answer = post_batch(api.as_user(alice), [("bad.jpg", BAD)] * 4, {"width": 50})
    assert (answer.status_code, answer.json()["code"]) == (400, "TOO_MANY_FILES")


def test_too_many_is_no_limit_when_it_is_0(api: Api, alice: User, settings: Settings) -> None:
    settings.MAX_BATCH_SIZE, settings.DATA_UPLOAD_MAX_NUMBER_FILES = 0, None
    answer = post_batch(api.as_user(alice), [("bad.jpg", BAD)] * 201, {"width": 50})
    assert len(answer.json()["errors"]) == 201


@pytest.mark.parametrize("url", ["/api/v1/tools/image/nothing/batch", "/api/v1/tools/nothing/batch"])
def test_an_unknown_tool_is_not_found(api: Api, alice: User, url: str) -> None:
    answer = post_batch(api.as_user(alice), pictures("a.jpg"), url=url)
    assert answer.status_code == 404
    assert "not found" in answer.json()["error"].lower()


def test_a_tool_that_is_turned_off_is_not_found(api: Api, alice: User) -> None:
    store.remember({"disabledTools": '["resize"]'}, 3600)
    answer = post_batch(api.as_user(alice), pictures("a.jpg"), {"width": 50})
    assert answer.status_code == 404
    assert "not found" in answer.json()["error"].lower()


def test_the_address_of_1x_answers_too(worker: None, api: Api, alice: User) -> None:
    answer = post_batch(api.as_user(alice), pictures("a.jpg"), {"width": 9}, url="/api/v1/tools/resize/batch")
    assert answer["Content-Type"] == "application/zip"


def test_a_version_of_a_library_file_cannot_be_made_and_is_not_passed_over(api: Api, alice: User) -> None:
    answer = post_batch(api.as_user(alice), pictures("a.jpg"), {"width": 50}, fileId="x")
    assert (answer.status_code, Job.objects.count()) == (501, 0)


def test_it_is_all_stored_or_nothing(api: Api, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(user_id: object) -> None:
        raise ZeroDivisionError

    before = stored_files()
    monkeypatch.setattr(queue, "enqueue_turn", fail)
    assert post_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"), {"width": 50}).status_code == 500
    assert not Job.objects.exists()
    assert stored_files() == before


def test_a_full_disk_is_told_and_nothing_is_left(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = workspace.save_input
    saved: list[str] = []

    def save_input(*arguments: Any) -> str:
        if saved:
            raise OSError(ENOSPC, "No space left on device")
        saved.append(real(*arguments))
        return saved[0]

    before = stored_files()
    monkeypatch.setattr(workspace, "save_input", save_input)
    answer = post_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"), {"width": 50})
    assert (answer.status_code, answer.json()["code"]) == (507, "STORAGE_FULL")
    assert not Job.objects.exists()
    assert stored_files() == before


def test_what_takes_longer_is_answered_with_the_name_the_client_gave_it(
    api: Api, alice: User, settings: Settings
) -> None:
    settings.SYNC_WAIT_MS = 0
    answer = post_batch(api.as_user(alice), pictures("a.jpg"), {"width": 50}, clientJobId="night run")
    batch = Job.objects.get(type="batch")
    expected = {
        "jobId": "night run",
        "progressJobId": "night run",
        "artifactJobId": str(batch.pk),
        "async": True,
    }
    assert (answer.status_code, answer.json()) == (202, expected)


def test_a_signed_address_gives_the_zip_again_and_again(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    carry_queue()
    (output,) = api.as_user(alice).get(f"/api/v1/jobs/{batch.pk}").json()["outputs"]
    for _ in range(2):
        answer = api.get(output["downloadUrl"])
        content = content_of(answer)
        assert len(content) == output["size"]
        assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["a_resize.jpg", "b_resize.jpg"]
    head = api.head(output["downloadUrl"])
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(output["size"]), b"")


def ended_zip(api: Api, user: User, *names: str) -> str:
    """The signed address of the ZIP of a batch."""
    batch = queued_batch(api.as_user(user), pictures(*names))
    carry_queue()
    (output,) = api.as_user(user).get(f"/api/v1/jobs/{batch.pk}").json()["outputs"]
    return str(output["downloadUrl"])


def test_a_broken_download_of_the_zip_goes_on_where_it_broke_off(api: Api, alice: User) -> None:
    address = ended_zip(api, alice, "a.jpg", "b.jpg")
    first = api.get(address)
    content = content_of(first)
    for start in (0, 1, len(content) // 2, len(content) - 1):
        headers = {"Range": f"bytes={start}-", "If-Range": first["ETag"]}
        rest = api.get(address, headers=headers)
        assert (rest.status_code, rest["ETag"]) == (206, first["ETag"])
        assert rest["Content-Range"] == f"bytes {start}-{len(content) - 1}/{len(content)}"
        assert content_of(rest) == content[start:]
    beyond = api.get(address, headers={"Range": f"bytes={len(content)}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(content)}")


def test_a_zip_that_is_known_is_not_sent_again(api: Api, alice: User) -> None:
    address = ended_zip(api, alice, "a.jpg")
    first = api.get(address)
    assert first["Cache-Control"].startswith("private")
    assert api.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    other = api.get(address, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, content_of(other)) == (200, content_of(first))


def test_the_answer_to_a_post_is_whole_whatever_range_is_asked_for(
    worker: None, api: Api, alice: User
) -> None:
    parts = {"file": SimpleUploadedFile("a.jpg", jpeg()), "settings": '{"width": 50}'}
    answer = api.as_user(alice).post(BATCH, parts, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert zip_of(answer).testzip() is None


def test_what_is_in_the_zip_is_as_old_as_the_result(api: Api, alice: User) -> None:
    answer = api.get(ended_zip(api, alice, "a.jpg"))
    (told,) = zip_of(answer).infolist()
    completed_at = Job.objects.get(type="resize").completed_at
    assert completed_at is not None
    assert abs(datetime(*told.date_time, tzinfo=UTC) - completed_at) < timedelta(seconds=2)


def test_checksums_are_noted_when_results_are_published(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = ended_zip(api, alice, "a.jpg", "b.jpg")
    content = content_of(api.get(address))
    opened: list[str] = []
    monkeypatch.setattr(workspace, "open_file", opened.append)
    end = api.get(address, headers={"Range": "bytes=-100"})
    assert content_of(end) == content[-100:]
    assert opened == []


def test_a_damaged_result_is_told_before_anything_is_sent(api: Api, alice: User) -> None:
    address = ended_zip(api, alice, "a.jpg")
    output = JobResult.load(Job.objects.get(type="resize").result).outputs[0]
    path = Path(workspace.storage().path(output.key))
    path.write_bytes(path.read_bytes()[:-1])
    answer = api.get(address)
    assert (answer.status_code, answer.json()["code"]) == (500, "RESULT_DAMAGED")
    path.unlink()
    answer = api.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "EXPIRED")


def test_the_zip_is_for_its_owner_alone(api: Api, alice: User, bob: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    carry_queue()
    address = f"/api/v1/download/{batch.pk}/batch.zip"
    assert api.get(address).status_code == 404
    assert api.as_user(bob).get(address).status_code == 404
    assert api.as_user(alice).get(address).status_code == 200


def test_there_is_no_zip_before_the_end(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    assert api.as_user(alice).get(f"/api/v1/download/{batch.pk}/batch.zip").status_code == 404


def test_a_zip_that_is_gone_has_expired(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg"))
    carry_queue()
    Job.objects.filter(pk=batch.pk).update(delete_after=timezone.now())
    answer = api.as_user(alice).get(f"/api/v1/download/{batch.pk}/batch.zip")
    assert (answer.status_code, answer.json()["code"]) == (404, "EXPIRED")


def test_a_job_tells_of_its_files(api: Api, alice: User) -> None:
    files = [*pictures("a.jpg"), ("bad.jpg", BAD)]
    batch = queued_batch(api.as_user(alice), files)
    carry_queue()
    body = api.as_user(alice).get(f"/api/v1/jobs/{batch.pk}").json()
    assert (body["status"], body["progress"]) == ("completed", 1.0)
    told = body["batch"]
    assert (told["totalFiles"], told["completedFiles"], told["failedFiles"]) == (2, 2, 1)
    good, bad = told["files"]
    assert (good["index"], good["filename"], good["status"]) == (0, "a.jpg", "completed")
    assert api.get(good["downloads"][0]["downloadUrl"]).status_code == 200
    assert (bad["index"], bad["filename"], bad["errorCode"]) == (1, "bad.jpg", "UNSUPPORTED_FORMAT")
    assert bad["downloads"] == []


def test_a_job_tells_of_its_files_in_pages_and_few_queries(
    api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api.as_user(alice)
    batch = queued_batch(client, pictures(*(f"{number}.jpg" for number in range(7))))
    client.get("/api/v1/jobs")
    with django_assert_num_queries(4):
        body = client.get(f"/api/v1/jobs/{batch.pk}?page=2&limit=3").json()
    assert [file["filename"] for file in body["batch"]["files"]] == ["3.jpg", "4.jpg", "5.jpg"]


def test_the_history_has_the_batch_and_not_its_files(api: Api, alice: User) -> None:
    batch = queued_batch(api.as_user(alice), pictures("a.jpg", "b.jpg"))
    body = api.as_user(alice).get("/api/v1/jobs").json()
    assert [job["id"] for job in body["jobs"]] == [str(batch.pk)]


def test_a_pipeline_runs_on_each_file(worker: None, api: Api, alice: User) -> None:
    steps = [{"toolId": "resize", "settings": {"width": 50}}, {"toolId": "rotate", "settings": {"angle": 90}}]
    answer = post_batch(
        api.as_user(alice),
        [*pictures("a.jpg"), ("bad.jpg", BAD)],
        url="/api/v1/pipeline/batch",
        pipeline=json.dumps({"steps": steps}),
    )
    batch = Job.objects.get(type="batch")
    assert f"pipeline-batch-{str(batch.pk)[:8]}.zip" in answer["Content-Disposition"]
    assert zip_of(answer).namelist() == ["a.jpg"]


@pytest.mark.parametrize(
    ("pipeline", "status"),
    [("", 400), ("{", 400), ('{"steps": []}', 400), ('{"steps": [{"toolId": "nothing"}]}', 400)],
)
def test_a_wrong_pipeline_is_refused(api: Api, alice: User, pipeline: str, status: int) -> None:
    answer = post_batch(
        api.as_user(alice), pictures("a.jpg"), url="/api/v1/pipeline/batch", pipeline=pipeline
    )
    assert answer.status_code == status
    assert not Job.objects.exists()
