"""`manage.py tool`: a tool on a file, with neither server nor database."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from processing.tests.images import make_image


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    make_image("RGB", (200, 150)).save(path)
    return path


def run(*arguments: object) -> str:
    output = io.StringIO()
    call_command("tool", *map(str, arguments), stdout=output)
    return output.getvalue()


def test_it_writes_the_result_and_says_so(photo: Path, tmp_path: Path) -> None:
    said = run("resize", photo, tmp_path / "small.jpg", "--width", 100, "--fit", "inside")
    with Image.open(tmp_path / "small.jpg") as small:
        assert small.size == (100, 75)
    assert said.startswith(str(tmp_path / "small.jpg"))


def test_a_directory_gets_the_name_that_the_tool_chose(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    run("convert", photo, tmp_path / "out", "--format", "png")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.png"]


def test_a_switch_has_a_form_for_yes_and_for_no(photo: Path, tmp_path: Path) -> None:
    run("resize", photo, tmp_path / "a.jpg", "--width", 400, "--without-enlargement")
    run("resize", photo, tmp_path / "b.jpg", "--width", 400, "--no-without-enlargement")
    with Image.open(tmp_path / "a.jpg") as a, Image.open(tmp_path / "b.jpg") as b:
        assert (a.width, b.width) == (200, 400)


def test_a_result_is_not_overwritten_unasked(photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "small.jpg"
    target.write_bytes(b"precious")
    with pytest.raises(CommandError, match="--force"):
        run("resize", photo, target, "--width", 100)
    assert target.read_bytes() == b"precious"
    run("resize", photo, target, "--width", 100, "--force")
    assert target.read_bytes() != b"precious"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--width", "0"], "width"),
        (["--width", "many"], "width"),
        ([], "width"),
        (["--width", "100", "--fit", "sideways"], "fit"),
        (["--percentage", "1000000"], "exceeds maximum size"),
    ],
)
def test_bad_settings_are_one_clear_line(
    photo: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run("resize", photo, tmp_path / "out.jpg", *arguments)
    assert not (tmp_path / "out.jpg").exists()


def test_a_bad_or_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(CommandError, match="Invalid image"):
        run("resize", tmp_path / "bad.jpg", tmp_path / "out.jpg", "--width", 10)
    with pytest.raises(CommandError, match=r"absent\.jpg: No such file"):
        run("resize", tmp_path / "absent.jpg", tmp_path / "out.jpg", "--width", 10)
