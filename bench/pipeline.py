"""What a pipeline saves against its tools one after another: milliseconds of `execute` in this process, the
best of several, and the peak of memory in a process of its own.

python -m bench.pipeline
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from processing.engine.execute import execute
from processing.engine.request import InputFile, PipelineRequest, RunRequest, StepRequest
from processing.tests.images import make_animation, make_file, make_image

Steps = tuple[StepRequest, ...]
TIMES = 3


def step(tool: str, **settings: Any) -> StepRequest:
    return StepRequest(f"image/{tool}", settings)


TURN = step("rotate", angle=90)
CROP = step("crop", left=10, top=10, width=80, height=80, unit="percent")
CASES: tuple[tuple[str, str, Steps], ...] = (
    (
        "24 MP JPEG: resize, turn, WebP",
        "photo.jpg",
        (step("resize", width=1600), TURN, step("convert", format="webp")),
    ),
    ("24 MP JPEG: crop, turn, compress", "photo.jpg", (CROP, TURN, step("compress", quality=80))),
    ("24 MP JPEG: turn, crop, resize", "photo.jpg", (TURN, CROP, step("resize", width=1600))),
    ("24 MP JPEG: five full-size steps", "photo.jpg", (TURN, CROP, TURN, CROP, TURN)),
    ("24 MP JPEG: one step", "photo.jpg", (TURN,)),
    ("6 MP PNG: crop, turn, WebP", "picture.png", (CROP, TURN, step("convert", format="webp"))),
    ("GIF of 6 frames: resize, turn, crop", "moving.gif", (step("resize", width=300), TURN, CROP)),
)


def make_inputs(root: Path) -> None:
    make_file(root / "photo.jpg", make_image("RGB", (6000, 4000), "photo"), quality=90)
    make_file(root / "picture.png", make_image("RGB", (3000, 2000), "photo"))
    make_animation(root / "moving.gif", size=(600, 400), durations=(50,) * 6)


def in_one_run(path: Path, steps: Steps, output_dir: Path) -> None:
    execute(PipelineRequest(steps, InputFile(path, path.name), output_dir))


def in_turn(path: Path, steps: Steps, output_dir: Path) -> None:
    for number, asked in enumerate(steps):
        directory = output_dir / str(number)
        directory.mkdir(exist_ok=True)
        request = RunRequest(asked.tool, asked.settings, (InputFile(path, path.name),), directory)
        path = execute(request).outputs[0].path


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall milliseconds."""
    best = (float("inf"), float("inf"))
    for _ in range(TIMES):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        best = min(best, (time.process_time() - cpu, time.perf_counter() - wall))
    return best[0] * 1000, best[1] * 1000


def peak(work: Callable[[Path, Steps, Path], None], path: Path, steps: Steps, output_dir: Path) -> float:
    """Megabytes at the highest."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (work, path, steps, output_dir))


def _peak(work: Callable[[Path, Steps, Path], None], path: Path, steps: Steps, output_dir: Path) -> float:
    work(path, steps, output_dir)
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    print(f"{'':38}{'one run':>22}{'in turn':>24}{'saved':>8}")
    print(f"{'':38}{'CPU ms':>8}{'wall':>7}{'MB':>7}{'CPU ms':>10}{'wall':>7}{'MB':>7}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_inputs(root)
        (root / "output").mkdir()
        for title, name, steps in CASES:
            arguments = root / name, steps, root / "output"
            one = *cost(partial(in_one_run, *arguments)), peak(in_one_run, *arguments)
            turn = *cost(partial(in_turn, *arguments)), peak(in_turn, *arguments)
            saved = f"{100 - 100 * one[0] / turn[0]:.0f} %"
            print(
                f"{title:38}{one[0]:8.0f}{one[1]:7.0f}{one[2]:7.0f}{turn[0]:10.0f}{turn[1]:7.0f}{turn[2]:7.0f}{saved:>8}"
            )


if __name__ == "__main__":
    main()
