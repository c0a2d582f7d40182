"""`manage.py pipeline`: several tools on a file, with neither server nor database."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from processing.tests.images import make_file, make_image

RESIZE = {"toolId": "resize", "settings": {"width": 100}}
TURN = {"toolId": "rotate", "settings": {"angle": 90}}
JPEG = {"toolId": "convert", "settings": {"format": "jpg"}}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return make_file(tmp_path / "picture.png", make_image("RGBA"))


def run(
    picture: Path, target: Path, *steps: Any, text: str | None = None, force: bool = False
) -> tuple[str, str]:
    definition = picture.with_name("steps.json")
    definition.write_text(json.dumps({"steps": steps}) if text is None else text)
    out, err = io.StringIO(), io.StringIO()
    arguments = [str(definition), str(picture), str(target)]
    call_command("pipeline", *arguments, *(["--force"] if force else []), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_writes_the_result_and_says_so(picture: Path, tmp_path: Path) -> None:
    said, warned = run(picture, tmp_path / "small.png", RESIZE, TURN)
    with Image.open(tmp_path / "small.png") as small:
        assert small.size == (75, 100)
    assert said.startswith(str(tmp_path / "small.png"))
    assert warned == ""


def test_it_warns_of_what_is_lost_and_does_it(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    _, warned = run(picture, tmp_path / "out", JPEG)
    assert warned == "Step 1 (Convert) drops the transparency of the picture.\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["picture.jpg"]


def test_a_result_is_not_overwritten_unasked(picture: Path, tmp_path: Path) -> None:
    target = tmp_path / "small.png"
    target.write_bytes(b"precious")
    with pytest.raises(CommandError, match="--force"):
        run(picture, target, RESIZE)
    assert target.read_bytes() == b"precious"
    run(picture, target, RESIZE, force=True)
    assert target.read_bytes() != b"precious"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be valid JSON"),
        ("{}", "Invalid pipeline: steps: Field required"),
        ('{"steps": [{"toolId": "unheard-of"}]}', "Step 1: the tool 'unheard-of' was not found"),
        ('{"steps": [{"toolId": "resize"}]}', r"Step 1 \(Resize\): invalid settings: settings: give a width"),
        (
            '{"steps": [{"toolId": "crop", "settings": {"left": 900, "top": 0, "width": 1, "height": 1}}]}',
            r"Step 1 \(Crop\): The crop area starts at left 900",
        ),
    ],
)
def test_what_is_wrong_is_told(picture: Path, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(picture, tmp_path / "small.png", text=text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "nothing.png", tmp_path / "small.png", RESIZE)
