"""What a run costs: CPU milliseconds of `execute` in this process, best of several.

python bench/engine.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from processing.engine.execute import execute
from processing.engine.inspect import inspect
from processing.engine.request import InputFile, Limits, RunRequest
from processing.tests.images import make_file, make_image

CASES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("24 MP JPEG to 800 px", "large.jpg", "image/resize", {"width": 800}),
    ("24 MP JPEG to 50 %", "large.jpg", "image/resize", {"percentage": 50}),
    ("24 MP JPEG turned", "large.jpg", "image/rotate", {"angle": 90}),
    ("24 MP JPEG compressed", "large.jpg", "image/compress", {}),
    ("6 MP PNG to 800 px", "middle.png", "image/resize", {"width": 800}),
    ("6 MP PNG turned", "middle.png", "image/rotate", {"angle": 90}),
    ("6 MP PNG compressed", "middle.png", "image/compress", {}),
    ("6 MP PNG to TIFF", "middle.png", "image/convert", {"format": "tiff"}),
    ("6 MP PNG to WebP", "middle.png", "image/convert", {"format": "webp"}),
    ("6 MP PNG to AVIF", "middle.png", "image/convert", {"format": "avif"}),
    ("800 px JPEG to AVIF", "web.jpg", "image/convert", {"format": "avif"}),
    ("800 px JPEG to GIF", "web.jpg", "image/convert", {"format": "gif"}),
    ("800 px JPEG to 50 KB", "web.jpg", "image/compress", {"mode": "targetSize", "targetSizeKb": 50}),
    ("600x400 JPEG to 300 px", "small.jpg", "image/resize", {"width": 300}),
    ("SVG to PNG", "drawing.svg", "image/convert", {"format": "png"}),
)
SIZES = {
    "large.jpg": (6000, 4000),
    "middle.png": (3000, 2000),
    "web.jpg": (800, 533),
    "small.jpg": (600, 400),
}


def best(work: Callable[[], object], times: int = 5) -> float:
    costs = []
    for _ in range(times):
        started = time.process_time()
        work()
        costs.append(time.process_time() - started)
    return min(costs) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in {case[1] for case in CASES}:
            make_file(root / name, make_image("RGB", SIZES.get(name, (10, 10)), "photo"))
        (root / "output").mkdir()
        print(f"{'':28}{'execute':>10}{'inspect':>10}{'bytes':>12}")
        for title, name, tool, settings in CASES:
            path = root / name
            request = RunRequest(tool, settings, (InputFile(path, name),), root / "output")
            size = execute(request).outputs[0].bytes
            run = best(partial(execute, request))
            look = best(partial(inspect, path, name, Limits()), 50)
            print(f"{title:28}{run:10.1f}{look:10.3f}{size:12,}")


if __name__ == "__main__":
    main()
