"""The logo: what is accepted, what is kept of it, who may change it, and that pages show it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image, ImageCms
from pytest_django import Settings

from accounts.models import User
from accounts.tests.people import key_for
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import Api, create_user
from processing import branding
from processing.engine.errors import ChildTimeout, OutOfMemory
from processing.tests.hostile import ENDLESS, HUGE
from processing.tests.images import make_animation, make_file, make_image
from snapotter.runtime import store
from snapotter.runtime.models import Setting

pytestmark = pytest.mark.django_db
URL = "/api/v1/settings/logo"


@pytest.fixture(autouse=True)
def no_file_is_left() -> Iterator[None]:
    yield
    for path in branding._path().parent.glob("*"):
        path.unlink()


@pytest.fixture
def manager(api: Api, admin: User) -> Api:
    return api.as_user(admin)


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def upload(client: Api, content: bytes, name: str = "logo.png", kind: str = "image/png") -> Any:
    return client.post(URL, {"file": SimpleUploadedFile(name, content, kind)})


def shown(client: Api | Client) -> Image.Image:
    answer = client.get(URL)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.content))


def custom_logo() -> str | None:
    return Setting.objects.filter(key="customLogo").values_list("value", flat=True).first()


class TestPicture:
    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            ((512, 512), (128, 128)),
            ((640, 160), (128, 32)),
            ((100, 1000), (13, 128)),
            ((40, 20), (40, 20)),
            ((1, 1), (1, 1)),
            ((4000, 3), (128, 1)),
        ],
    )
    def test_it_fits_and_is_never_enlarged(
        self, manager: Api, api: Api, size: tuple[int, int], expected: tuple[int, int]
    ) -> None:
        answer = upload(manager, encoded(Image.new("RGB", size, "teal")))
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
        assert shown(api).size == expected

    @pytest.mark.parametrize("format", ["JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO"])
    def test_every_format_becomes_png(self, manager: Api, api: Api, format: str) -> None:
        assert upload(manager, encoded(make_image("RGB", (64, 48)), format)).status_code == 200
        assert shown(api).format == "PNG"

    def test_transparency_stays(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 0))))
        assert shown(api).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]

    def test_an_animation_stands_still(self, manager: Api, api: Api, tmp_path: Path) -> None:
        for format in ("gif", "png", "webp"):
            path = make_animation(tmp_path / f"moving.{format}")
            assert upload(manager, path.read_bytes(), path.name).status_code == 200
            logo = shown(api)
            assert getattr(logo, "n_frames", 1) == 1

    def test_what_the_file_told_besides_is_gone_and_the_colours_stay(self, manager: Api, api: Api) -> None:
        picture = Image.new("RGB", (20, 20), (200, 60, 20))
        exif = picture.getexif()
        exif[0x010E] = "my street"
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        content = encoded(picture, exif=exif, icc_profile=profile, dpi=(300, 300))
        assert upload(manager, content).status_code == 200
        logo = shown(api)
        assert logo.convert("RGB").getpixel((5, 5)) == (200, 60, 20)
        logo.load()
        assert not set(logo.info) & {"exif", "icc_profile", "dpi", "Description", "XML:com.adobe.xmp"}
        assert b"my street" not in api.get(URL).content

    def test_a_drawing_is_drawn_and_its_script_never_sent(self, manager: Api, api: Api) -> None:
        drawing = (
            b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" onload="alert(1)">'
            b'<script>alert(1)</script><rect width="64" height="64" fill="#00ff00"/>'
            b'<image href="http://192.0.2.1/spy.png" width="9" height="9"/></svg>'
        )
        assert upload(manager, drawing, "logo.svg", "image/svg+xml").status_code == 200
        logo = shown(api)
        assert logo.convert("RGB").getpixel((32, 32)) == (0, 255, 0)
        assert b"alert" not in api.get(URL).content

    def test_heic_is_accepted(self, manager: Api, api: Api, tmp_path: Path) -> None:
        content = make_file(tmp_path / "a.heic").read_bytes()
        assert upload(manager, content, "logo.heic", "image/heic").status_code == 200
        assert shown(api).size == (64, 48)

    def test_no_job_is_written_down_and_no_scratch_stays(self, manager: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM jobs")
            assert cursor.fetchone() == (0,)
        assert not list((django_settings.WORKSPACE_PATH / "scratch").glob("*"))


class TestRefused:
    def refused(self, answer: Any, code: str, text: str) -> None:
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert text in answer.json()["error"].lower()
        assert custom_logo() is None
        assert not branding._path().exists()

    def test_no_file(self, manager: Api) -> None:
        self.refused(manager.post(URL, {"text": "x"}), "VALIDATION_ERROR", "no file")
        self.refused(upload(manager, b""), "VALIDATION_ERROR", "no file")

    def test_json(self, manager: Api) -> None:
        self.refused(manager.post(URL, {"a": 1}, format="json"), "UNSUPPORTED_MEDIA_TYPE", "")

    def test_a_part_that_says_to_be_something_else(self, manager: Api) -> None:
        content = encoded(Image.new("RGB", (20, 20)))
        self.refused(upload(manager, content, kind="text/plain"), "VALIDATION_ERROR", "image")

    def test_a_file_beyond_the_limit(self, manager: Api, settings: Settings) -> None:
        noise = np.random.default_rng(1).integers(0, 255, (450, 450, 3), np.uint8)
        content = encoded(Image.fromarray(noise))
        assert len(content) > 500 * 1024
        self.refused(upload(manager, content), "VALIDATION_ERROR", "500kb")
        settings.MAX_LOGO_SIZE_KB = 0
        assert upload(manager, content).status_code == 200

    @pytest.mark.parametrize("content", [b"nonsense", b"\0" * 100, b"<html></html>"])
    def test_what_is_no_image(self, manager: Api, content: bytes) -> None:
        answer = upload(manager, content)
        assert answer.status_code == 400
        assert answer.json()["error"]

    def test_a_damaged_one(self, manager: Api) -> None:
        whole = encoded(make_image("RGB", (300, 300)))
        self.refused(upload(manager, whole[: len(whole) // 2]), "INVALID_IMAGE", "cannot be read")

    @pytest.mark.parametrize("format", sorted(HUGE))
    def test_gigantic_ones(self, manager: Api, format: str) -> None:
        answer = upload(manager, HUGE[format], f"huge.{format}")
        assert (answer.status_code, custom_logo()) == (400, None)

    @pytest.mark.parametrize("format", sorted(ENDLESS))
    def test_endless_headers(self, manager: Api, format: str, settings: Settings) -> None:
        settings.MAX_LOGO_SIZE_KB = 0
        answer = upload(manager, ENDLESS[format], f"endless.{format}")
        assert (answer.status_code, custom_logo()) == (400, None)

    def test_a_bomb_of_text(self, manager: Api) -> None:
        bomb = zlib.compressobj(wbits=31)
        content = (
            bomb.compress(b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 50_000_000) + bomb.flush()
        )
        assert upload(manager, content, "logo.svgz", "image/svg+xml").status_code == 400

    @pytest.mark.parametrize("error", [ChildTimeout(), OutOfMemory()])
    def test_what_its_child_dies_of(self, manager: Api, error: Exception) -> None:
        with patch("processing.engine.pool.ChildRun.wait", side_effect=error):
            answer = upload(manager, encoded(Image.new("RGB", (20, 20))))
        self.refused(answer, "INVALID_IMAGE", "cannot be read")

    def test_a_server_without_time_says_so(self, manager: Api) -> None:
        with patch("processing.engine.pool.ChildRun.wait", side_effect=TimeoutError):
            answer = upload(manager, encoded(Image.new("RGB", (20, 20))))
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")

    def test_the_logo_before_stays(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        upload(manager, b"nonsense")
        assert shown(api).size == (20, 20)
        assert custom_logo() == "true"

    def test_the_first_file_counts(self, manager: Api, api: Api) -> None:
        files = {
            "note": "no file",
            "b": SimpleUploadedFile("b.png", encoded(Image.new("RGB", (20, 20))), "image/png"),
            "a": SimpleUploadedFile("a.txt", b"x", "text/plain"),
        }
        assert manager.post(URL, files).status_code == 200
        assert shown(api).size == (20, 20)


class TestWho:
    def test_everybody_sees_it(self, manager: Api, api: Api, alice: User) -> None:
        assert api.get(URL).json()["code"] == "NOT_FOUND"
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        assert shown(api).size == shown(api.as_user(alice)).size == (20, 20)

    def test_who_may_not_write_settings_changes_nothing(self, api: Api, alice: User) -> None:
        editor = api.as_user(create_user("editor", role="editor"))
        for client, status in ((api, 401), (api.as_user(alice), 403), (editor, 403)):
            assert upload(client, encoded(Image.new("RGB", (20, 20)))).status_code == status
            assert client.delete(URL).status_code == status

    def test_a_key_needs_the_permission_in_its_scope(self, api: Api, admin: User) -> None:
        narrow = api.with_token(key_for(admin, "tools:use"))
        assert narrow.delete(URL).status_code == 403

    def test_it_is_audited(self, manager: Api, admin: User) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        manager.delete(URL)
        manager.delete(URL)
        entries = AuditEntry.objects.filter(action__startswith="BRANDING")
        assert sorted((entry.action, entry.actor_id) for entry in entries) == [
            ("BRANDING_REMOVED", admin.pk),
            ("BRANDING_UPDATED", admin.pk),
        ]


class TestDelete:
    def test_it_is_gone_and_deleting_again_is_no_error(self, manager: Api, api: Api) -> None:
        assert manager.delete(URL).json() == {"ok": True}
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        assert custom_logo() == "true"
        for _ in range(2):
            assert manager.delete(URL).json() == {"ok": True}
        assert custom_logo() == "false"
        assert api.get(URL).status_code == 404
        assert not branding._path().exists()


class TestCaching:
    def test_it_is_asked_anew_and_answered_short(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        answer = api.get(URL)
        assert answer["Cache-Control"] == "no-cache"
        for header, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            again = api.get(URL, headers={header: answer[value]})
            assert (again.status_code, again.content) == (304, b"")

    def test_a_new_one_is_seen(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        tag = api.get(URL)["ETag"]
        upload(manager, encoded(Image.new("RGB", (30, 30))))
        assert api.get(URL, headers={"If-None-Match": tag}).status_code == 200

    def test_the_address_of_the_pages_may_be_kept(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        assert "immutable" in api.get(f"{URL}?v={branding.logo_version()}")["Cache-Control"]
        assert api.get(f"{URL}?v=older")["Cache-Control"] == "no-cache"


class TestPages:
    def test_they_show_it_where_ours_was(self, manager: Api, client: Client) -> None:
        assert URL not in client.get("/login").content.decode()
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        page = client.get("/login").content.decode()
        assert page.count(f'src="{URL}?v={branding.logo_version()}"') == 2
        assert 'alt="Logo of SnapOtter"' in page
        manager.delete(URL)
        assert URL not in client.get("/login").content.decode()

    def test_a_file_that_went_missing_is_no_broken_picture(self, manager: Api, client: Client) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        branding._path().unlink()
        assert URL not in client.get("/login").content.decode()
        assert client.get(URL).status_code == 404

    def test_the_setting_is_for_the_server_to_change(self, manager: Api) -> None:
        answer = manager.put("/api/v1/settings", {"customLogo": "true"}, format="json")
        assert answer.json()["code"] == "READONLY_SETTING"


class TestCrash:
    def test_a_file_that_cannot_take_its_place_changes_nothing(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        manager.raise_request_exception = False
        with patch("pathlib.Path.replace", side_effect=OSError("disk")):
            assert upload(manager, encoded(Image.new("RGB", (30, 30)))).status_code == 500
        assert shown(api).size == (20, 20)
        assert AuditEntry.objects.filter(action="BRANDING_UPDATED").count() == 1
        assert list(branding._path().parent.iterdir()) == [branding._path()]

    def test_a_file_left_by_a_removal_is_not_shown(self, manager: Api, api: Api) -> None:
        upload(manager, encoded(Image.new("RGB", (20, 20))))
        manager.raise_request_exception = False
        with patch("pathlib.Path.unlink", side_effect=OSError("disk")):
            assert manager.delete(URL).status_code == 500
        assert api.get(URL).status_code == 404
        assert manager.delete(URL).status_code == 200
        assert not branding._path().exists()


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_leave_the_file_and_the_setting_of_one_mind(api: Api, admin: User) -> None:
    pictures = [encoded(Image.new("RGB", (side, side))) for side in (20, 30)]
    for _ in range(5):
        answers = together(
            lambda: upload(api.as_user(admin), pictures[0]).status_code,
            lambda: api.as_user(admin).delete(URL).status_code,
            lambda: upload(api.as_user(admin), pictures[1]).status_code,
        )
        assert answers == [200, 200, 200]
        store.forget()
        assert (custom_logo() == "true") == branding._path().exists() == (api.get(URL).status_code == 200)
