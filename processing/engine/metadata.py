"""What of a file's metadata outlives a re-encode.

Kept: the ICC profile (it is colour, not identity) where the output can hold it, the resolution (DPI), and the
timing of an animation. Dropped: EXIF with GPS, XMP, IPTC, comments, thumbnails and everything else: a
published picture must not say where and by whom it was taken. Output that cannot hold a profile, and pixels
whose profile does not describe them any more (CMYK, Lab), are converted to sRGB.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageCms

MAX_PROFILE_BYTES = 4 * 2**20
_MODES_OF_SPACE = {b"RGB ": {"RGB", "RGBA"}, b"GRAY": {"L", "LA"}}


@dataclass(frozen=True)
class Kept:
    """`plays` is how often an animation runs, 0 for ever."""

    profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    plays: int = 0

    def profile_for(self, mode: str) -> bytes | None:
        """The profile, if it describes pixels of this mode."""
        return self.profile if describes(self.profile, mode) else None


def describes(profile: bytes | None, mode: str) -> bool:
    """Whether the profile's colour space (ICC.1:2022, header bytes 16..19) is that of `mode`."""
    return profile is not None and mode in _MODES_OF_SPACE.get(profile[16:20], set())


def read(image: Image.Image, format_id: str) -> Kept:
    profile = image.info.get("icc_profile")
    return Kept(
        profile=profile if isinstance(profile, bytes) and 128 < len(profile) <= MAX_PROFILE_BYTES else None,
        dpi=_dpi(image),
        plays=_plays(image, format_id),
    )


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 1 <= across <= 10_000 and 1 <= down <= 10_000 else None


def _plays(image: Image.Image, format_id: str) -> int:
    """GIF counts repeats after the first run and says nothing for one run; WebP and APNG count runs."""
    loop = image.info.get("loop")
    if format_id == "gif":
        return 1 if loop is None else loop + 1 if loop else 0
    return int(loop or 0)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert through the profile where that is possible, else as Pillow does without one."""
    target = "RGBA" if image.mode in {"RGBA", "LA"} else "RGB"
    if profile is None or _is_srgb(profile):
        return image if image.mode in {"L", "LA", "RGB", "RGBA"} else image.convert(target)
    from PIL import ImageCms

    alpha = image.getchannel("A") if image.mode in {"RGBA", "LA"} else None
    colour = image.convert(image.mode[:-1]) if alpha else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(colour, source, _srgb(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken or foreign profile
        return image.convert(target)
    assert converted is not None  # noqa: S101 (only the in-place variant returns None)
    converted.info.pop("icc_profile", None)  # Pillow notes sRGB's there, and would write it
    if alpha:
        converted.putalpha(alpha)
    return converted


def _is_srgb(profile: bytes) -> bool:
    return b"sRGB" in profile[:2048] or b"s\0R\0G\0B" in profile[:2048]


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
