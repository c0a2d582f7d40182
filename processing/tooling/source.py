"""The true size of an image that was decoded smaller."""

from __future__ import annotations

from PIL.Image import Image

_KEY = "full_size"


def remember_size(image: Image, size: tuple[int, int]) -> None:
    """For the decoder: note the size the image would have had."""
    image.info[_KEY] = size


def full_size(image: Image) -> tuple[int, int]:
    """The size of the whole picture, which a tool with `draft_size` may be given shrunk already."""
    size: tuple[int, int] = image.info.get(_KEY, image.size)
    return size
