"""`POST /api/v1/tools/…`: what is answered, what is kept, and what is refused."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from conftest import Api
from processing.models import Job
from processing.tests.requests import RESIZE, content_of, jpeg, post, stored_files, stored_results


def test_it_resizes_a_photo_and_the_address_works_as_given(api: Api, alice: User) -> None:
    photo = jpeg()
    answer = post(api.as_user(alice), photo, {"width": 100, "fit": "inside"})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"jobId", "downloadUrl", "originalSize", "processedSize"}
    assert body["originalSize"] == len(photo)
    download = api.get(body["downloadUrl"])
    assert download.status_code == 200
    content = content_of(download)
    assert len(content) == body["processedSize"]
    assert Image.open(io.BytesIO(content)).size == (100, 75)
    assert "photo_resize.jpg" in download["Content-Disposition"]


def test_the_1x_address_is_the_same_tool(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 50}, url="/api/v1/tools/resize")
    assert answer.status_code == 200


def test_the_file_part_may_have_any_name(api: Api, alice: User) -> None:
    parts = {"whatever": SimpleUploadedFile("a.jpg", jpeg()), "settings": '{"width": 50}'}
    assert api.as_user(alice).post(RESIZE, parts).status_code == 200


def test_the_job_is_written_down(api: Api, alice: User) -> None:
    post(api.as_user(alice), jpeg(), {"width": 100, "ignored": 1})
    job = Job.objects.get()
    assert (job.user, job.type, job.status, job.progress, job.attempts) == (
        alice,
        "resize",
        "completed",
        1.0,
        1,
    )
    assert job.settings["width"] == 100
    assert "ignored" not in job.settings
    assert job.duration_ms is not None
    assert job.lease_until is None
    assert job.delete_after is not None


def test_a_result_that_browsers_cannot_show_has_a_preview(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"format": "tiff"}, url="/api/v1/tools/image/convert")
    preview = api.get(answer.json()["previewUrl"])
    assert preview["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(content_of(preview))).format == "WEBP"


def test_respond_async_is_answered_202_at_once(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"width": 100}, Prefer="respond-async, wait=1")
    assert answer.status_code == 202
    assert set(answer.json()) == {"jobId", "async"}


def test_it_needs_three_queries(
    api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api.as_user(alice)
    post(client, jpeg(), {"width": 100})
    with django_assert_num_queries(3):  # the session, the new job, the finished job
        post(client, jpeg(), {"width": 100})


def test_strangers_and_anonymous_callers_are_refused(api: Api) -> None:
    answer = post(api, jpeg(), {"width": 100})
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_REQUIRED")
    assert Job.objects.count() == 0


def test_an_unknown_tool_is_not_found(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {}, url="/api/v1/tools/image/unheard-of")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert post(api, jpeg(), {}, url="/api/v1/tools/image/unheard-of").status_code == 401


def huge_png() -> bytes:
    """The header of a 50,000×50,000 picture and hardly more."""
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (50_000).to_bytes(4) * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4)
    return bytes(data)


def zip_file() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("photo.png", "not a picture")
    return buffer.getvalue()


BAD_FILES = {
    "empty": (b"", "NO_FILE"),
    "all zero": (bytes(4096), "INVALID_IMAGE"),
    "wrong magic": (b"hello, this is no picture at all" * 9, "UNSUPPORTED_FORMAT"),
    "a ZIP": (zip_file(), "UNSUPPORTED_FORMAT"),
    "50,000 x 50,000": (huge_png(), "IMAGE_TOO_LARGE"),
    "magic alone": (b"\x89PNG\r\n\x1a\n", "INVALID_IMAGE"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_and_nothing_is_left(api: Api, alice: User, kind: str) -> None:
    content, code = BAD_FILES[kind]
    before = stored_files()
    answer = post(api.as_user(alice), content, {"width": 100}, name="photo.png")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["error"]
    assert Job.objects.count() == 0
    assert stored_files() == before


def test_the_pixel_limit_says_so(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), huge_png(), {"width": 100})
    assert "exceeds maximum size" in answer.json()["error"]


@pytest.mark.parametrize("kept", [12, 200, 0.3, 0.9])
def test_a_truncated_file_never_breaks_the_server(api: Api, alice: User, kept: float) -> None:
    photo = jpeg((640, 480))
    before = stored_results()
    answer = post(api.as_user(alice), photo[: int(kept if kept > 1 else kept * len(photo))], {"width": 100})
    assert answer.status_code in {400, 422}
    assert {"error", "code"} <= set(answer.json())
    assert stored_results() == before


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"'
SVG_ATTACKS = {
    "scripts": SVG + ' onload="x()"><script>x()</script><rect width="40" height="30" fill="red"/></svg>',
    "external entities": '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + SVG
    + "><text>&x;</text></svg>",
    "entity expansion": '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    + SVG
    + "><text>&b;</text></svg>",
    "no XML": "<svg <<<>>> width=",
}


@pytest.mark.parametrize("kind", SVG_ATTACKS)
def test_a_hostile_svg_is_made_harmless_or_refused(api: Api, alice: User, kind: str) -> None:
    answer = post(api.as_user(alice), SVG_ATTACKS[kind].encode(), {"width": 20}, name="drawing.svg")
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        content = content_of(api.get(answer.json()["downloadUrl"]))
        assert Image.open(io.BytesIO(content)).format == "PNG"
    else:
        assert {"error", "code"} <= set(answer.json())


BAD_SETTINGS = [
    "[1, 2]",
    '"text"',
    "3",
    "null",
    "{",
    "{'width': 3}",
    '{"width": NaN}',
    '{"width": Infinity}',
    '{"width": "100"}',
    '{"width": true}',
    '{"width": 0}',
    '{"width": -5}',
    '{"width": 10.5}',
    '{"width": 99999999}',
    '{"width": [100]}',
    '{"width": 100, "fit": "sideways"}',
    "{}",
    "",
    "[" * 5000,
    '{"width": 100, "x": "' + "y" * 70_000 + '"}',
]


@pytest.mark.parametrize("text", BAD_SETTINGS, ids=lambda text: text[:24])
def test_bad_settings_are_refused_with_their_path(api: Api, alice: User, text: str) -> None:
    before = stored_files()
    answer = post(api.as_user(alice), jpeg(), text)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_SETTINGS")
    assert answer.json()["error"].startswith("Invalid settings")
    assert isinstance(answer.json()["details"], str)
    assert Job.objects.count() == 0
    assert stored_files() == before


def test_settings_that_are_no_json_are_said_to_be_none(api: Api, alice: User) -> None:
    assert "JSON" in post(api.as_user(alice), jpeg(), '{"width": 3').json()["error"]
    assert "JSON" not in post(api.as_user(alice), jpeg(), '{"width": "a"}').json()["error"]


def test_a_bad_file_is_named_before_bad_settings(api: Api, alice: User) -> None:
    assert post(api.as_user(alice), zip_file(), "{").json()["code"] == "UNSUPPORTED_FORMAT"


def test_two_files_are_one_too_many(api: Api, alice: User) -> None:
    parts = {"a": SimpleUploadedFile("a.jpg", jpeg()), "b": SimpleUploadedFile("b.jpg", jpeg())}
    answer = api.as_user(alice).post(RESIZE, parts)
    assert (answer.status_code, answer.json()["code"]) == (400, "TOO_MANY_FILES")
    assert "one image at a time" in answer.json()["error"]


def test_json_instead_of_multipart_is_refused(api: Api, alice: User) -> None:
    answer = api.as_user(alice).post(RESIZE, {"width": 3}, format="json")
    assert answer.status_code == 400


def test_broken_multipart_is_refused(api: Api, alice: User) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = api.as_user(alice).generic("POST", RESIZE, "--x\r\nnonsense", content_type=content_type)
        assert (answer.status_code, "code" in answer.json()) == (400, True)


def test_an_upload_over_the_limit_is_refused(api: Api, alice: User, settings: Settings) -> None:
    settings.MAX_UPLOAD_SIZE_MB = 0.001
    answer = post(api.as_user(alice), jpeg((640, 480)), {"width": 100})
    assert (answer.status_code, answer.json()["code"]) == (413, "UPLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "name",
    [
        "a" * 500 + ".jpg",
        "../../etc/passwd",
        "..\\..\\windows\\system32\\config.jpg",
        "..",
        ".",
        "...jpg",
        "/etc/shadow.jpg",
        "写真 ä 🦦.jpg",
        "a%2F..%2Fb.jpg",
        'quo"te.jpg',
        "photo.png.php",
        "-rf.jpg",
        "nul\x00byte.jpg",
    ],
)
def test_a_hostile_file_name_does_no_harm(api: Api, alice: User, name: str) -> None:
    boundary = "otter"
    head = f'Content-Disposition: form-data; name="file"; filename="{name.replace(chr(34), "%22")}"'
    settings = '--otter\r\nContent-Disposition: form-data; name="settings"\r\n\r\n{"width": 20}\r\n'
    body = f"{settings}--otter\r\n{head}\r\n\r\n".encode() + jpeg() + b"\r\n--otter--\r\n"
    client = api.as_user(alice)
    answer = client.generic(
        "POST", RESIZE, cast(str, body), content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert answer.status_code == 200
    url = answer.json()["downloadUrl"]
    path = url.partition("?")[0]
    assert not any(bad in path.lower() for bad in ("..", "\\", "\0", "etc/passwd", "system32"))
    assert len(path.rsplit("/", 1)[1].encode()) < 700
    assert api.get(url).status_code == 200


def test_a_failing_run_is_422_and_leaves_its_row_and_what_was_sent(api: Api, alice: User) -> None:
    before = stored_results()
    crop = {"left": 150, "top": 0, "width": 100, "height": 10}
    answer = post(api.as_user(alice), jpeg(), crop, url="/api/v1/tools/image/crop")
    assert answer.status_code == 422
    assert answer.json()["error"] == "Processing failed"
    job = Job.objects.get()
    assert (job.status, job.error_code) == ("failed", answer.json()["code"])
    assert stored_results() == before


def test_an_output_that_cannot_be_written_here_is_501(api: Api, alice: User) -> None:
    answer = post(api.as_user(alice), jpeg(), {"format": "heic"}, url="/api/v1/tools/image/convert")
    assert (answer.status_code, answer.json()["code"]) == (501, "FEATURE_NOT_INSTALLED")
    assert Job.objects.count() == 0


@pytest.mark.parametrize("mode", ["banana", "\0", "x" * 1000])
def test_a_save_mode_that_is_not_known_is_refused(api: Api, alice: User, mode: str) -> None:
    parts = {"file": SimpleUploadedFile("a.jpg", jpeg()), "settings": '{"width": 50}', "saveMode": mode}
    answer = api.as_user(alice).post(RESIZE, parts)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert Job.objects.count() == 0


def test_saving_into_the_library_is_refused_and_not_forgotten(api: Api, alice: User) -> None:
    parts = {"file": SimpleUploadedFile("a.jpg", jpeg()), "settings": '{"width": 50}', "fileId": "x"}
    answer = api.as_user(alice).post(RESIZE, parts)
    assert (answer.status_code, answer.json()["code"]) == (501, "FEATURE_NOT_INSTALLED")
