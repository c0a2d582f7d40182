"""Pictures and files for tests, made in memory, and how alike two pictures are."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processing.engine.execute import execute
from processing.engine.request import InputFile, Limits, OutputFile, RunRequest
from processing.tooling import Encoding

Pattern = Literal["gradient", "noise", "photo", "corners", "disc"]

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


HEIC = """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA
ADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAFcAAgAAAAACQwABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA
AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAA
kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq
5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh
cAAAADAAAAABAAAAQAAAAAH////wAAAAAgAAAAAAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEA
AQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAINtZGF0AAAAUygBrwng48CcI3jajv/39P/+p/be5R/9cs53w/u3
6wU02vQe+BimeH+Vm9prioJJP/7xXP84y29vuypW1/6mWX46qfSRs8/35nPwOv9vYS64qz7+AAAABkV4aWYAAE1NACoAAAAIAAEB
EgADAAAAAQAGAAAAAAAA
"""
"""Nothing here writes HEIC, so this one is kept: 48x64 as stored, with a turn (irot) and a crop (clap) in
it."""


def make_image(
    mode: str = "RGB", size: tuple[int, int] = (200, 150), pattern: Pattern = "gradient"
) -> Image.Image:
    """`corners` has a red, green, blue and yellow quarter, clockwise from the top left. With alpha, the left
    half fades in and everything else is opaque, except `disc`: opaque inside, nothing outside."""
    if pattern == "disc":
        return _disc(size).convert(mode)
    image = Image.fromarray(_PATTERNS[pattern](*size))
    if mode in {"RGBA", "LA"}:
        fade = np.clip(np.linspace(0, 510, size[0]), 0, 255).astype(np.uint8)
        image.putalpha(Image.fromarray(np.tile(fade, (size[1], 1))))
    return image.convert(mode)


def _disc(size: tuple[int, int]) -> Image.Image:
    y, x = np.mgrid[: size[1], : size[0]]
    inside = (x / size[0] - 0.5) ** 2 + (y / size[1] - 0.5) ** 2 < 0.2
    image = Image.fromarray(_gradient(*size))
    image.putalpha(Image.fromarray((inside * 255).astype(np.uint8)))
    return image


def _gradient(width: int, height: int) -> NDArray[np.uint8]:
    across = np.tile(np.linspace(0, 255, width), (height, 1))
    down = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    return np.stack([across, down, 255 - across], -1).astype(np.uint8)


def _noise(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _photo(width: int, height: int) -> NDArray[np.uint8]:
    """Smooth areas, edges of all sizes and a little grain, as photos have them."""
    random = np.random.default_rng(11)
    total = np.zeros((height, width, 3))
    for cells in (3, 12, 48, 192):
        coarse = random.integers(0, 256, (max(2, cells * height // width), cells, 3), dtype=np.uint8)
        total += (
            np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)) / cells**0.5
        )
    total = total / total.max() * 245 + random.normal(0, 2, total.shape)
    pixels: NDArray[np.uint8] = np.clip(total, 0, 255).astype(np.uint8)
    return pixels


def _corners(width: int, height: int) -> NDArray[np.uint8]:
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = RED
    pixels[: height // 2, width // 2 :] = GREEN
    pixels[height // 2 :, width // 2 :] = BLUE
    pixels[height // 2 :, : width // 2] = YELLOW
    return pixels


_PATTERNS = {"gradient": _gradient, "noise": _noise, "photo": _photo, "corners": _corners}


def make_file(path: Path, image: Image.Image | None = None, **options: Any) -> Path:
    """Write `image` (a gradient) to `path`; the extension decides the format. `path` comes back.

    SVG is always a red area of 200x150, HEIC the corners in 64x48.
    """
    if path.suffix in {".svg", ".svgz"}:
        path.write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="150"><rect '
            'width="200" height="150" fill="#f00"/></svg>'
        )
        return path
    if path.suffix in {".heic", ".heif"}:
        path.write_bytes(base64.b64decode(HEIC))
        return path
    (image or make_image()).save(path, **options)
    return path


def make_animation(
    path: Path,
    *,
    size: tuple[int, int] = (60, 40),
    durations: tuple[int, ...] = (50, 100, 200),
    loop: int | None = 0,
    alpha: bool = False,
) -> Path:
    """Frame n has a white bar in column n, so that frames can be told apart."""
    frames = []
    for index in range(len(durations)):
        frame = make_image("RGBA" if alpha else "RGB", size, "disc" if alpha else "corners")
        frame.paste("white", (10 * index, 10, 10 * index + 8, 30))
        frames.append(frame)
    options: dict[str, Any] = {} if loop is None else {"loop": loop}
    if path.suffix == ".webp":
        options |= {"lossless": True}
    if path.suffix == ".gif" and alpha:
        options |= {"disposal": 2}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=list(durations), **options)
    return path


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 64)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, data)
    )


def run(
    tool: str,
    source: Path,
    settings: dict[str, Any] | None = None,
    *,
    name: str | None = None,
    preview: bool = False,
    limits: Limits | None = None,
    encoding: Encoding | None = None,
) -> OutputFile:
    """Run a tool in this process; the output lies beside the source."""
    output_dir = source.parent / "output"
    output_dir.mkdir(exist_ok=True)
    inputs = (InputFile(source, name or source.name),)
    request = RunRequest(
        tool, settings or {}, inputs, output_dir, limits or Limits(), preview=preview, encoding=encoding
    )
    return execute(request).outputs[0]


def opened(output: OutputFile) -> Image.Image:
    """The output, loaded: what it says of itself must be true."""
    image = Image.open(io.BytesIO(output.path.read_bytes()))
    image.load()
    assert image.size == (output.width, output.height)
    assert image.format == output.format.upper()
    assert output.path.stat().st_size == output.bytes
    return image


def rgb(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given as fractions of width and height."""
    pixel = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(pixel, tuple)
    return pixel


def near(pixel: tuple[int, ...], colour: tuple[int, ...], tolerance: int = 24) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


def ssim(a: Image.Image, b: Image.Image) -> float:
    """Mean structural similarity of the grey pictures (Wang et al., 2004), over 8x8 windows; 1 is
    identical."""
    assert a.size == b.size
    x, y = (_windows(np.asarray(image.convert("L"), float)) for image in (a, b))
    mean_x, mean_y = x.mean(1), y.mean(1)
    covariance = (x * y).mean(1) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (x.var(1) + y.var(1) + c2)
    return float((luminance * structure).mean())


def _windows(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    side = 8
    height, width = (length // side * side for length in pixels.shape)
    blocks = pixels[:height, :width].reshape(height // side, side, width // side, side)
    return blocks.swapaxes(1, 2).reshape(-1, side * side)
