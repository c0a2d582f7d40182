"""Several tools in one run: the same picture as one after another, encoded once."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageSequence

from processing import registry
from processing.engine import progress_file
from processing.engine.chain import combined
from processing.engine.errors import StepFailed
from processing.engine.execute import execute
from processing.engine.request import InputFile, Limits, OutputFile, PipelineRequest, StepRequest
from processing.tests.images import make_animation, make_file, make_image, opened, ssim
from processing.tests.pipelines import Asked, add_tools, copying, file_tool, run_in_turn, run_steps
from processing.tooling import Encoding, Result

RESIZE = ("resize", {"width": 120})
ENLARGE = ("resize", {"percentage": 150})
TURN = ("rotate", {"angle": 90})
TILT = ("rotate", {"angle": 30})
CROP = ("crop", {"left": 10, "top": 10, "width": 50, "height": 50, "unit": "percent"})
COMPRESS = ("compress", {"quality": 50})


def convert(word: str, **settings: Any) -> Asked:
    return "convert", {"format": word, **settings}


def result_of(path: Path, *steps: Asked) -> OutputFile:
    return run_steps(path, *steps).outputs[0]


def frames_of(output: OutputFile) -> list[Image.Image]:
    with Image.open(output.path) as image:
        return [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]


def timing(output: OutputFile) -> list[int]:
    with Image.open(output.path) as image:
        return [frame.info["duration"] for frame in ImageSequence.Iterator(image)]


def same_pixels(a: OutputFile, b: OutputFile) -> bool:
    ours, theirs = frames_of(a), frames_of(b)
    return [image.size for image in ours] == [image.size for image in theirs] and all(
        ImageChops.difference(one, other).getbbox(alpha_only=False) is None
        for one, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "steps",
    [
        (RESIZE, TURN),
        (TURN, CROP, RESIZE),
        (TILT, CROP, TILT),
        (RESIZE, RESIZE),
        (ENLARGE, CROP, convert("png"), TILT),
        (CROP, convert("tiff"), TURN, convert("png")),
        (RESIZE, TURN, convert("webp", quality=90)),
        (TILT, convert("jpg")),
        (convert("ico"), ("resize", {"width": 80, "height": 80, "fit": "cover"}), convert("png")),
    ],
)
def test_it_makes_what_the_tools_make_one_after_another(
    tmp_path: Path, mode: str, steps: tuple[Asked, ...]
) -> None:
    path = make_file(tmp_path / "a.png", make_image(mode))
    assert same_pixels(result_of(path, *steps), run_in_turn(path, *steps))


def test_a_file_that_becomes_an_icon_is_square_whatever_comes_after(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image("RGB", (300, 200)))
    with Image.open(result_of(path, convert("ico"), ("resize", {"width": 80, "height": 40})).path) as icon:
        assert (icon.format, icon.size) == ("ICO", (64, 64))


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.webp"])
def test_every_frame_of_an_animation_goes_through_all_steps(tmp_path: Path, name: str) -> None:
    """To PNG at once, as GIF and WebP would lose something between two steps."""
    path = make_animation(tmp_path / name)
    steps = convert("png"), TURN, CROP
    ours, theirs = result_of(path, *steps), run_in_turn(path, *steps)
    assert ours.frames == 3
    assert same_pixels(ours, theirs)
    assert [timing(output) for output in (ours, theirs)] == [[50, 100, 200]] * 2
    assert opened(ours).info["loop"] == 0


def test_an_animation_that_a_step_cannot_hold_stays_one_frame(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.gif")
    assert result_of(path, convert("jpg"), TURN, convert("gif")).frames == 1


def test_transparency_that_a_step_cannot_hold_becomes_white_for_the_next(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image("RGBA", pattern="disc"))
    image = opened(result_of(path, convert("jpg"), TILT, convert("png")))
    assert image.mode == "RGB"
    assert image.getpixel((0, 0)) == (0, 0, 0)  # a corner that the second step has made, as in a JPEG


def test_a_profile_that_a_step_cannot_hold_ends_there(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = make_file(tmp_path / "a.png", make_image(), icc_profile=profile)
    kept = opened(result_of(path, TURN, CROP))
    assert kept.info["icc_profile"] == profile
    (tmp_path / "pipeline").rename(tmp_path / "first")
    assert "icc_profile" not in opened(result_of(path, convert("bmp"), convert("png"))).info


def test_a_photo_is_shrunk_on_load_for_the_first_step_alone(tmp_path: Path) -> None:
    """The second resize must not take the size of the file for that of what it is given."""
    path = make_file(tmp_path / "a.jpg", make_image("RGB", (1600, 1200), "photo"), quality=95)
    steps = ("resize", {"width": 200}), ("resize", {"percentage": 50}), convert("png")
    ours, theirs = result_of(path, *steps), run_in_turn(path, *steps)
    assert (ours.width, ours.height) == (100, 75)
    assert ssim(opened(ours), opened(theirs)) > 0.98
    (tmp_path / "pipeline").rename(tmp_path / "first")
    whole = result_of(path, TURN, ("resize", {"width": 300}), convert("png"))
    assert (whole.width, whole.height) == (300, 400)


def test_a_drawing_is_drawn_at_the_size_of_the_first_step(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.svg")
    output = result_of(path, ("resize", {"width": 800}), CROP)
    assert (output.format, output.width, output.height) == ("png", 400, 300)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (Encoding(), Encoding(), Encoding()),
        (Encoding(), Encoding(keep_stem=True, extension="jpe"), Encoding(keep_stem=True, extension="jpe")),
        (Encoding("webp", 80), Encoding(), Encoding("webp", 80)),
        (Encoding("webp", 80), Encoding(quality=50), Encoding("webp", 50)),
        (Encoding("webp", 80), Encoding(max_bytes=9), Encoding("webp", max_bytes=9)),
        (Encoding(max_bytes=9), Encoding(quality=50), Encoding(quality=50)),
        (Encoding("jpg", max_bytes=9), Encoding("png"), Encoding("png")),
        (Encoding("heic", extension="heif"), Encoding(quality=3), Encoding("heic", 3, extension="heif")),
        (Encoding(bare=True), Encoding("png"), Encoding("png", bare=True)),
    ],
)
def test_the_last_word_on_writing_counts(earlier: Encoding, later: Encoding, expected: Encoding) -> None:
    assert combined(earlier, later) == expected


def test_a_file_size_asked_for_after_the_format_is_kept(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image("RGB", (800, 600), "photo"))
    limit = {"mode": "targetSize", "targetSizeKb": 20}
    output = result_of(path, convert("webp"), ("compress", limit), TURN)
    assert output.format == "webp"
    assert 15 * 1024 < output.bytes <= 20 * 1024


@pytest.mark.parametrize(
    ("name", "steps", "expected"),
    [
        ("photo.jpg", (TURN, RESIZE), "photo.jpg"),
        ("photo.jpeg", (TURN, RESIZE), "photo.jpeg"),
        ("Photo.JPG", (TURN, COMPRESS), "Photo.JPG"),
        ("photo.jpg", (TURN, convert("webp")), "photo.webp"),
        ("photo.jpg", (convert("webp"), TURN), "photo.webp"),
        ("photo.heic", (TURN, CROP), "photo.avif"),
        ("photo.bmp", (TURN,), "photo.png"),
    ],
)
def test_the_result_is_called_as_the_input(
    tmp_path: Path, name: str, steps: tuple[Asked, ...], expected: str
) -> None:
    output = result_of(make_file(tmp_path / name), *steps)
    assert output.name == expected
    opened(output)


def test_a_name_that_lies_is_put_right(tmp_path: Path) -> None:
    real = make_file(tmp_path / "a.png")
    path = real.rename(tmp_path / "a.jpg")
    assert result_of(path, TURN).name == "a.png"


def test_it_tells_what_each_step_has_made_and_no_size_where_there_was_no_file(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png")
    result = run_steps(path, RESIZE, CROP, convert("tiff"), preview=True)
    assert result.data == {
        "stepsCompleted": 3,
        "steps": [
            {"step": 1, "toolId": "resize", "size": None, "width": 120, "height": 90},
            {"step": 2, "toolId": "crop", "size": None, "width": 60, "height": 45},
            {"step": 3, "toolId": "convert", "size": result.outputs[0].bytes, "width": 60, "height": 45},
        ],
    }
    assert result.preview is not None
    assert opened(result.preview).size == (60, 45)
    assert (result.source_width, result.source_height) == (200, 150)


def test_a_step_that_fails_is_named_with_its_own_reason(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png")
    outside = ("crop", {"left": 500, "top": 0, "width": 10, "height": 10})
    with pytest.raises(StepFailed) as caught:
        run_steps(path, RESIZE, outside, TURN)
    error: StepFailed = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  as it comes from a child
    assert (error.status, error.code) == (422, "CROP_OUTSIDE_IMAGE")
    assert error.message.startswith("Step 2 (Crop): The crop area starts at left 500")
    made = {"step": 1, "toolId": "resize", "size": None, "width": 120, "height": 90}
    assert error.extra == {"step": 2, "completedSteps": [made]}
    assert not list((tmp_path / "pipeline").iterdir())


@pytest.mark.parametrize(
    ("steps", "code", "step"),
    [
        ((TURN, ("resize", {"percentage": 9_000}), RESIZE), "IMAGE_TOO_LARGE", 2),
        ((ENLARGE, ENLARGE, ENLARGE, ENLARGE), "IMAGE_TOO_LARGE", 4),
        ((TURN, ("compress", {"mode": "targetSize", "targetSizeKb": 0.1}), TURN), "TARGET_UNREACHABLE", 2),
    ],
)
def test_limits_are_checked_after_each_step(
    tmp_path: Path, steps: tuple[Asked, ...], code: str, step: int
) -> None:
    path = make_file(tmp_path / "a.png")
    with pytest.raises(StepFailed) as caught:
        run_steps(path, *steps, limits=Limits(max_megapixels=0.5))
    assert (caught.value.code, caught.value.extra["step"]) == (code, step)


def test_what_a_format_cannot_hold_is_refused_at_its_step(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image("L", (10, 1)))
    with pytest.raises(StepFailed) as caught:
        run_steps(path, convert("webp"), ("resize", {"percentage": 200_000}), TURN)
    assert (caught.value.code, caught.value.extra["step"]) == ("SIZE_UNSUPPORTED", 2)


def test_an_animation_may_not_grow_beyond_its_allowance_between_two_steps(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.gif", size=(100, 40), durations=(50,) * 10)
    with pytest.raises(StepFailed) as caught:
        run_steps(path, ("resize", {"percentage": 200}), TURN, limits=Limits(max_megapixels=0.017))
    assert (caught.value.code, caught.value.extra["step"]) == ("IMAGE_TOO_LARGE", 2)


def test_a_damaged_input_is_told_at_the_first_step(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png", make_image("RGB", (300, 300), "noise"))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(StepFailed, match=r"Step 1 \(Rotate & Flip\): The image is damaged"):
        run_steps(path, TURN, CROP)


def test_progress_goes_from_step_to_step_and_never_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[float, str]] = []
    monkeypatch.setattr(
        progress_file, "writer", lambda path: lambda fraction, stage="": told.append((fraction, stage))
    )
    path = make_animation(tmp_path / "a.gif")
    run_steps(path, TURN, CROP, progress_path=tmp_path / "progress")
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert told[0] == (0.0, "step 1 of 2: decoding")
    stages = [stage for _, stage in told]
    assert "step 2 of 2: processing" in stages
    assert "step 1 of 2: encoding" not in stages
    assert told[-1] == (1.0, "done")


def test_a_file_tool_stands_between_image_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_tools(monkeypatch, copying("mark", "!"))
    path = make_file(tmp_path / "a.png")
    result = run_steps(path, RESIZE, convert("webp"), ("mark", {}), TURN)
    sizes = [step["size"] for step in result.data["steps"]]
    assert sizes[0] is None
    assert sizes[2] == sizes[1] + 1
    assert result.outputs[0].name == "a.webp"
    assert (result.outputs[0].width, result.outputs[0].height) == (90, 120)


def test_a_file_tool_may_be_first_and_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_tools(monkeypatch, copying("mark", "!"))
    path = make_file(tmp_path / "photo.png")
    result = run_steps(path, ("mark", {}), TURN, ("mark", {}))
    assert result.outputs[0].path.parent == tmp_path / "pipeline"
    assert result.outputs[0].name == "photo.png"
    assert result.outputs[0].bytes == result.data["steps"][1]["size"] + 1


def test_a_file_tool_that_keeps_not_to_one_file_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tools(monkeypatch, file_tool("tell", lambda *_: Result(data={"colours": 3})))
    with pytest.raises(StepFailed, match=r"Step 2 \(Tell\): It made 0 files"):
        run_steps(make_file(tmp_path / "a.png"), TURN, ("tell", {}))


def test_a_tool_is_not_given_a_format_that_it_does_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tools(monkeypatch, copying("mark", reads=("jpeg", "png")))
    with pytest.raises(StepFailed, match=r"Step 2 \(Mark\): Mark reads JPEG, PNG, but this is WebP"):
        run_steps(make_file(tmp_path / "a.png"), convert("webp"), ("mark", {}))


def test_a_tool_sees_what_the_steps_before_have_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def encoding(settings: Any, source: Any) -> Encoding:
        seen.append((source.format, source.width, source.height, source.frames, source.has_alpha))
        return Encoding()

    add_tools(monkeypatch, replace(registry.find("rotate"), id="look", encoding=encoding))
    path = make_file(tmp_path / "a.png", make_image("RGBA"))
    run_steps(path, ("look", {}), RESIZE, convert("jpg"), ("look", {}))
    assert seen == [("png", 200, 150, 1, True), ("jpeg", 120, 90, 1, False)]


def test_a_bug_in_a_step_is_none_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    add_tools(monkeypatch, replace(registry.find("rotate"), id="fail", function=fail))
    with pytest.raises(ZeroDivisionError):
        run_steps(make_file(tmp_path / "a.png"), TURN, ("fail", {}))


def test_settings_are_parsed_before_anything_runs(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.png")
    request = PipelineRequest(
        (StepRequest("image/rotate", {}), StepRequest("image/resize", {"width": 0})),
        InputFile(path, "a.png"),
        tmp_path / "nowhere",
    )
    with pytest.raises(Exception, match="Invalid settings"):
        execute(request)
