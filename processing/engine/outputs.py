"""Writing what came out of a run, and saying what it is."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path

from PIL import Image

from processing.engine import encode
from processing.engine.chain import Chain
from processing.engine.formats import FORMATS, HEAD_BYTES, detect
from processing.engine.inspect import inspect
from processing.engine.request import Limits, OutputFile
from processing.tooling import InvalidInput, ToolError

RESULT = "output"
"""What a result is called in the output directory, where the user's own words could hit other files."""
PREVIEW_BOX = (1200, 1200)
PREVIEW_QUALITY = 80


def written(chain: Chain, path: Path, name: str) -> OutputFile:
    """Encode the frames into a file that the user shall see called `name`."""
    target = chain.target
    made = encode.encode(chain, target, chain.encoding, chain.kept, path)
    size = path.stat().st_size
    return OutputFile(path, name, target.id, target.mime, size, made.width, made.height, made.frames)


def previewed(chain: Chain, directory: Path) -> OutputFile | None:
    """A picture of what a browser cannot show. Its absence is no error: the result itself is there.

    Call it last: the first frame of the chain is shrunk for it.
    """
    if chain.target.shown_by_browsers:
        return None
    path = directory / "preview.webp"
    try:
        image = next(iter(chain)).image
        image.thumbnail(PREVIEW_BOX, Image.Resampling.LANCZOS)
        image = image.convert("RGBA" if image.mode in {"LA", "RGBA"} else "RGB")
        image.save(path, "WEBP", quality=PREVIEW_QUALITY, method=4)
    except (OSError, ValueError, ToolError):
        return None
    return OutputFile(path, path.name, "webp", "image/webp", path.stat().st_size, image.width, image.height)


def described(path: Path, limits: Limits) -> OutputFile:
    """A file some tool wrote, with its size if it is an image."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            detect(file.read(HEAD_BYTES), path.name)
        source = inspect(path, path.name, Limits(max_megapixels=0, max_svg_bytes=limits.max_svg_bytes))
    except InvalidInput:
        mime = guess_type(path.name)[0] or "application/octet-stream"
        return OutputFile(path, path.name, path.suffix.lstrip(".").lower(), mime, size)
    mime = FORMATS[source.format].mime
    return OutputFile(path, path.name, source.format, mime, size, source.width, source.height, source.frames)
