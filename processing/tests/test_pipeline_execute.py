"""`POST /api/v1/pipeline/execute`: what is answered and kept, and what is refused before anything runs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Role, User
from audit.models import AuditEntry
from conftest import Api, client_of, create_user
from processing import registry
from processing.engine import encode
from processing.models import Job
from processing.tests.pipelines import add_tools, copying, file_tool
from processing.tests.queued import carry_queue
from processing.tests.requests import content_of, jpeg, stored_files
from processing.tooling import Result
from snapotter.runtime import store

URL = "/api/v1/pipeline/execute"
RESIZE = {"toolId": "resize", "settings": {"width": 100}}
TURN = {"toolId": "rotate", "settings": {"angle": 90}}
WEBP = {"toolId": "convert", "settings": {"format": "webp"}}
OUTSIDE = {"toolId": "crop", "settings": {"left": 5000, "top": 0, "width": 10, "height": 10}}


BEFORE: set[str] = set()
"""The files that were stored when the test began."""


@pytest.fixture(autouse=True)
def files_are_known() -> None:
    BEFORE.clear()
    BEFORE.update(stored_files())


def run(client: Api, *steps: Any, content: bytes | None = None, **request: Any) -> Any:
    text = request.pop("text", json.dumps({"steps": list(steps)}))
    parts: dict[str, Any] = {
        "file": SimpleUploadedFile("photo.jpg", content or jpeg()),
        **request.pop("parts", {}),
    }
    if text is not None:
        parts["pipeline"] = text
    return client.post(URL, parts, headers=request)


def refusal(answer: Any) -> tuple[int, str]:
    assert not Job.objects.exists()
    assert stored_files() == BEFORE
    return answer.status_code, answer.json()["code"]


def test_it_runs_all_steps_and_answers_as_the_contract_says(api: Api, alice: User) -> None:
    content = jpeg()
    answer = run(api.as_user(alice), RESIZE, TURN, WEBP, content=content)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"jobId", "downloadUrl", "originalSize", "processedSize", "stepsCompleted", "steps"}
    assert (body["originalSize"], body["stepsCompleted"]) == (len(content), 3)
    assert [(step["step"], step["toolId"], step["size"]) for step in body["steps"]] == [
        (1, "resize", None),
        (2, "rotate", None),
        (3, "convert", body["processedSize"]),
    ]
    download = api.get(body["downloadUrl"])
    result = content_of(download)
    assert len(result) == body["processedSize"]
    assert Image.open(io.BytesIO(result)).size == (75, 100)
    assert 'filename="photo.webp"' in download["Content-Disposition"]


def test_the_job_tells_what_was_run(api: Api, alice: User) -> None:
    body = run(api.as_user(alice), RESIZE, {"toolId": "rotate", "settings": {"unheard": 1}}).json()
    job = Job.objects.get()
    assert (job.type, job.tool_id, job.user, job.status) == ("pipeline", "", alice, "completed")
    assert [step["toolId"] for step in job.settings["steps"]] == ["resize", "rotate"]
    assert job.settings["steps"][1]["settings"] == {"angle": 0, "horizontal": False, "vertical": False}
    detail = api.as_user(alice).get(f"/api/v1/jobs/{body['jobId']}").json()
    assert (detail["type"], detail["toolId"], detail["outputs"][0]["filename"]) == (
        "pipeline",
        None,
        "photo.jpg",
    )


def test_one_step_is_a_pipeline_too(api: Api, alice: User) -> None:
    answer = run(api.as_user(alice), RESIZE)
    assert answer.json()["downloadUrl"].split("?")[0].endswith("/photo.jpg")


def test_settings_may_be_left_out(api: Api, alice: User) -> None:
    assert run(api.as_user(alice), {"toolId": "compress"}, {"toolId": "rotate"}).status_code == 200


def test_of_several_files_the_last_counts(api: Api, alice: User) -> None:
    parts = {
        "file": [
            SimpleUploadedFile("first.jpg", b"no picture"),
            SimpleUploadedFile("last.jpg", jpeg((40, 20))),
            SimpleUploadedFile("empty.jpg", b""),
        ],
        "pipeline": json.dumps({"steps": [TURN]}),
    }
    answer = api.as_user(alice).post(URL, parts)
    assert "last.jpg" in answer.json()["downloadUrl"]


def test_it_needs_three_queries(
    api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api.as_user(alice)
    run(client, RESIZE)
    with django_assert_num_queries(3):  # the session, the new job, the finished job
        run(client, RESIZE, TURN, WEBP)


def test_a_preview_is_made_of_what_browsers_cannot_show(api: Api, alice: User) -> None:
    body = run(api.as_user(alice), RESIZE, {"toolId": "convert", "settings": {"format": "tiff"}}).json()
    assert Image.open(io.BytesIO(content_of(api.get(body["previewUrl"])))).size == (100, 75)


@pytest.mark.parametrize("content", [b"", None])
def test_the_file_is_asked_for_before_the_pipeline(api: Api, alice: User, content: bytes | None) -> None:
    parts: dict[str, Any] = {"pipeline": "{"}
    if content is not None:
        parts["file"] = SimpleUploadedFile("a.jpg", content)
    answer = api.as_user(alice).post(URL, parts)
    assert refusal(answer) == (400, "NO_FILE")
    assert "no image" in answer.json()["error"].lower()


def test_a_bad_picture_is_told_before_a_bad_pipeline(api: Api, alice: User) -> None:
    answer = run(api.as_user(alice), content=b"no picture", text="{")
    assert refusal(answer) == (400, "UNSUPPORTED_FORMAT")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "pipeline"),
        ("", "pipeline"),
        (" ", "pipeline"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"steps": [{"toolId": "resize", "settings": {"width": NaN}}]}', "JSON"),
        ("[]", "pipeline"),
        ("null", "pipeline"),
        ("3", "pipeline"),
        ("{}", "pipeline"),
        ('{"steps": []}', "pipeline"),
        ('{"steps": [null]}', "pipeline"),
        ('{"steps": [{"toolId": "resize", "settings": "{}"}]}', "pipeline"),
        ('{"steps": [{"toolId": "\\ud800"}]}', "pipeline"),
        ('{"steps": [{"toolId": "resize", "settings": {"a": "\\u0000"}}]}', "pipeline"),
        ('{"steps": [' + ", ".join(['{"toolId": "resize"}'] * 21) + "]}", "pipeline"),
        ('{"steps": [{"toolId": "resize", "settings": {"a": "' + "x" * 300_000 + '"}}]}', "pipeline"),
    ],
)
def test_what_is_no_pipeline_is_refused(api: Api, alice: User, text: str | None, words: str) -> None:
    answer = run(api.as_user(alice), text=text)
    assert refusal(answer)[0] == 400
    assert words in answer.json()["error"]
    assert isinstance(answer.json().get("details", ""), str)


def test_every_step_is_checked_before_anything_runs(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    answer = run(client, RESIZE, TURN, {"toolId": "unheard-of"})
    assert refusal(answer) == (400, "TOOL_NOT_FOUND")
    assert answer.json()["error"] == "Step 3: the tool 'unheard-of' was not found"
    answer = run(client, TURN, {"toolId": "resize", "settings": {"width": "12", "height": 0}})
    assert refusal(answer) == (400, "INVALID_SETTINGS")
    body = answer.json()
    assert body["error"] == "Step 2 (Resize): invalid settings"
    assert {problem["path"] for problem in body["details"]} == {"width", "height"}
    assert all(problem["message"] for problem in body["details"])


def test_a_tool_that_is_turned_off_is_not_found(api: Api, alice: User) -> None:
    store.remember({"disabledTools": '["rotate"]'}, 60)
    assert refusal(run(api.as_user(alice), RESIZE, TURN)) == (400, "TOOL_NOT_FOUND")


def test_a_tool_that_makes_no_file_of_one_is_not_found(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tools(monkeypatch, file_tool("tell", lambda *_: Result(), one_to_one=False))
    answer = run(api.as_user(alice), {"toolId": "tell"})
    assert refusal(answer) == (400, "TOOL_NOT_FOUND")
    assert "not found" in answer.json()["error"]


def test_a_tool_that_the_role_does_not_allow_is_refused(api: Api, db: None) -> None:
    Role.objects.create(
        name="limited", permissions=["tools:use"], tool_permissions={"mode": "tool", "allowed": ["resize"]}
    )
    client = api.as_user(create_user("limited", role="limited"))
    answer = run(client, RESIZE, TURN)
    assert refusal(answer) == (403, "FORBIDDEN")
    assert "Step 2 (Rotate & Flip)" in answer.json()["error"]
    assert run(client, RESIZE).status_code == 200


def test_strangers_are_refused(api: Api) -> None:
    assert refusal(run(api, RESIZE)) == (401, "AUTH_REQUIRED")


def test_what_cannot_be_written_here_is_told_before_anything_runs(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "find_spec", lambda name: None)
    answer = run(api.as_user(alice), TURN, {"toolId": "convert", "settings": {"format": "heic"}})
    assert refusal(answer) == (501, "FEATURE_NOT_INSTALLED")
    body = answer.json()
    assert body["error"].startswith("Step 2 (Convert): Writing HEIC needs")
    assert (body["feature"], body["featureName"]) == ("heic-encoder", "HEIC encoder")


def test_what_will_surely_be_too_large_is_told_before_anything_runs(api: Api, alice: User) -> None:
    large = {"toolId": "resize", "settings": {"percentage": 8000}}
    answer = run(api.as_user(alice), TURN, large, RESIZE)
    assert refusal(answer) == (422, "IMAGE_TOO_LARGE")
    assert (answer.json()["step"], answer.json()["completedSteps"]) == (2, [])


def test_a_format_that_a_step_does_not_read_is_told_before_anything_runs(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tools(monkeypatch, copying("mark", reads=("png",)))
    answer = run(api.as_user(alice), TURN, WEBP, {"toolId": "mark"})
    assert refusal(answer) == (400, "UNSUPPORTED_FORMAT")
    assert answer.json()["error"].startswith("Step 3 (Mark): Mark reads PNG")


def test_a_step_that_fails_names_itself_and_what_was_done_before(api: Api, alice: User) -> None:
    answer = run(api.as_user(alice), RESIZE, OUTSIDE, TURN)
    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == "CROP_OUTSIDE_IMAGE"
    assert body["error"].startswith("Step 2 (Crop): The crop area starts at left 5000")
    assert body["completedSteps"] == [
        {"step": 1, "toolId": "resize", "size": None, "width": 100, "height": 75}
    ]
    assert Job.objects.get().status == "failed"
    assert stored_files() - BEFORE == set(Job.objects.get().input_files)


def test_a_run_in_a_worker_answers_and_fails_the_same_way(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    accepted = run(client, RESIZE, TURN, Prefer="respond-async", parts={"clientJobId": "mine"})
    assert accepted.status_code == 202
    failing = run(client, RESIZE, OUTSIDE, Prefer="respond-async").json()["jobId"]
    carry_queue()
    done = client.get("/api/v1/jobs/mine").json()
    assert (done["status"], done["outputs"][0]["width"]) == ("completed", 75)
    failed = client.get(f"/api/v1/jobs/{failing}").json()
    assert (failed["status"], failed["errorCode"]) == ("failed", "CROP_OUTSIDE_IMAGE")
    assert failed["error"].startswith("Step 2 (Crop)")


@pytest.mark.parametrize("steps", [[{"toolId": "slow"}], [RESIZE, {"toolId": "slow"}]])
def test_a_heavy_step_sends_all_of_it_to_a_worker(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch, settings: Settings, steps: list[Any]
) -> None:
    settings.SYNC_WAIT_MS = 1
    add_tools(monkeypatch, replace(registry.find("rotate"), id="slow", heavy=True))
    assert run(api.as_user(alice), *steps).status_code == 202
    assert Job.objects.get().status == "queued"


def test_much_that_comes_of_a_small_picture_is_work_for_a_worker(
    api: Api, alice: User, settings: Settings
) -> None:
    settings.SYNC_WAIT_MS = 1
    large = {"toolId": "resize", "settings": {"width": 7000}}
    assert run(api.as_user(alice), large, TURN).status_code == 202
    assert Job.objects.get().status == "queued"


def test_a_run_is_audited_as_one(api: Api, alice: User) -> None:
    store.remember({"auditToolOperations": "true"}, 60)
    run(api.as_user(alice), RESIZE, TURN)
    entry = AuditEntry.objects.get(action="TOOL_EXECUTED")
    details = entry.details or {}
    assert (details["toolId"], details["inputFileCount"]) == ("pipeline", 1)


def test_input_and_result_of_one_name_have_addresses_of_their_own(api: Api, alice: User) -> None:
    content = jpeg()
    body = run(api.as_user(alice), RESIZE, content=content).json()
    detail = api.as_user(alice).get(f"/api/v1/jobs/{body['jobId']}").json()
    before, after = detail["inputs"][0], detail["outputs"][0]
    assert before["filename"] == after["filename"] == "photo.jpg"
    answers = api.get(before["downloadUrl"]), api.get(after["downloadUrl"])
    assert content_of(answers[0]) == content
    assert len(content_of(answers[1])) == after["size"] != len(content)
    assert answers[0]["ETag"] != answers[1]["ETag"]


def test_whoever_is_given_the_address_of_a_result_cannot_have_the_original(api: Api, alice: User) -> None:
    """Which may tell where it was taken."""
    body = run(api.as_user(alice), RESIZE).json()
    detail = api.as_user(alice).get(f"/api/v1/jobs/{body['jobId']}").json()
    before, after = detail["inputs"][0]["downloadUrl"], detail["outputs"][0]["downloadUrl"]
    assert api.get(f"{after}&from=input").status_code == 404
    assert api.get(before.replace("&from=input", "")).status_code == 404


def test_the_page_of_a_run_shows_the_size_after_each_step(api: Api, alice: User) -> None:
    job_id = run(api.as_user(alice), RESIZE, TURN).json()["jobId"]
    page = client_of(alice).get(f"/jobs/{job_id}").content.decode()
    assert "<dt>1. Resize</dt><dd>100 × 75</dd>" in page
    assert "<dt>2. Rotate &amp; Flip</dt><dd>75 × 100</dd>" in page
    assert "stepsCompleted" not in page


def test_a_large_file_counts_once_as_only_the_first_step_reads_it(api: Api, alice: User) -> None:
    padded = jpeg() + bytes(12 * 2**20)
    assert run(api.as_user(alice), RESIZE, TURN, WEBP, content=padded).status_code == 200


def test_a_version_of_a_library_file_cannot_be_made_and_is_not_passed_over(api: Api, alice: User) -> None:
    answer = run(api.as_user(alice), RESIZE, parts={"fileId": "x"})
    assert refusal(answer) == (501, "FEATURE_NOT_INSTALLED")
