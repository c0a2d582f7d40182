"""A pipeline as a client sees it: `python bench/pipeline_through_http.py [times]` starts and stops a server.

A 24-megapixel JPEG through three steps: as one pipeline, and as three requests that each send what the one
before answered. Prints the median of the milliseconds from the upload to the last byte of the result, and the
bytes of both results.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from through_http import PASSWORD, photo, post_json, running_server

Steps = list[dict[str, Any]]


def step(tool: str, **settings: Any) -> dict[str, Any]:
    return {"toolId": tool, "settings": settings}


CROP = step("crop", left=5, top=5, width=90, height=90, unit="percent")
CASES: dict[str, Steps] = {
    "crop, turn, compress (24 MP all along)": [CROP, step("rotate", angle=90), step("compress", quality=80)],
    "turn, crop, resize to 1600": [step("rotate", angle=90), CROP, step("resize", width=1600)],
    "resize to 1600, turn, WebP": [
        step("resize", width=1600),
        step("rotate", angle=90),
        step("convert", format="webp"),
    ],
}


def as_pipeline(client: httpx.Client, picture: bytes, steps: Steps) -> bytes:
    return _sent(client, "/api/v1/pipeline/execute", picture, {"pipeline": json.dumps({"steps": steps})})


def one_after_another(client: httpx.Client, picture: bytes, steps: Steps) -> bytes:
    for asked in steps:
        address = f"/api/v1/tools/image/{asked['toolId']}"
        picture = _sent(client, address, picture, {"settings": json.dumps(asked["settings"])})
    return picture


def _sent(client: httpx.Client, address: str, picture: bytes, data: dict[str, str]) -> bytes:
    answer = client.post(address, files={"file": ("photo", picture)}, data=data)
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code} {answer.text}")
    return client.get(answer.json()["downloadUrl"]).raise_for_status().content


def median(
    work: Callable[[httpx.Client, bytes, Steps], bytes], *arguments: Any, times: int
) -> tuple[float, int]:
    took = []
    for _ in range(times):
        started = time.perf_counter()
        result = work(*arguments)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took), len(result)


def compare(client: httpx.Client, picture: bytes, times: int) -> None:
    print(f"{len(picture) // 1000} kB, 24 MP JPEG{'':25}{'pipeline':>12}{'in turn':>12}{'saved':>8}")
    for title, steps in CASES.items():
        one, one_bytes = median(as_pipeline, client, picture, steps, times=times)
        turn, turn_bytes = median(one_after_another, client, picture, steps, times=times)
        saved = f"{100 - 100 * one / turn:.0f} %"
        sizes = f"({one_bytes // 1000} and {turn_bytes // 1000} kB)"
        print(f"{title:44}{one:9.0f} ms{turn:9.0f} ms{saved:>8}   {sizes}")


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    picture = photo(6000, 4000)
    with running_server(LOG_LEVEL="warn") as server:
        token = post_json(server, "/api/auth/login", {"username": "admin", "password": PASSWORD})["token"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=120) as client:
            as_pipeline(client, picture, CASES["resize to 1600, turn, WebP"])  # a child warms up
            compare(client, picture, times)


if __name__ == "__main__":
    main()
