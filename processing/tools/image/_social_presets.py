"""Sizes the social networks ask for, in pixels."""

from __future__ import annotations

from typing import Any

_SIZES: dict[str, tuple[tuple[str, int, int], ...]] = {
    "Instagram": (
        ("Post (Square)", 1080, 1080),
        ("Story / Reel", 1080, 1920),
        ("Profile Picture", 320, 320),
        ("Landscape Post", 1080, 566),
        ("Portrait Post", 1080, 1350),
    ),
    "Twitter/X": (("Post Image", 1200, 675), ("Header", 1500, 500), ("Profile Picture", 400, 400)),
    "Facebook": (
        ("Post Image", 1200, 630),
        ("Cover Photo", 820, 312),
        ("Profile Picture", 170, 170),
        ("Event Cover", 1920, 1005),
    ),
    "YouTube": (("Thumbnail", 1280, 720), ("Channel Banner", 2560, 1440), ("Profile Picture", 800, 800)),
    "LinkedIn": (("Post Image", 1200, 627), ("Banner", 1584, 396), ("Profile Picture", 400, 400)),
    "TikTok": (("Video Cover", 1080, 1920), ("Profile Picture", 200, 200)),
    "WhatsApp": (("Profile Picture", 500, 500),),
    "Pinterest": (("Pin", 1000, 1500),),
    "Threads": (("Post Image", 1080, 1080),),
}

SOCIAL_PRESETS: list[dict[str, Any]] = [
    {"group": network, "name": name, "values": {"width": width, "height": height, "fit": "cover"}}
    for network, sizes in _SIZES.items()
    for name, width, height in sizes
]
