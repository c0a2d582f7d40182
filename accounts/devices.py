"""What somebody signed in with, in words: a browser and a system, from what the browser says of itself."""

from __future__ import annotations

import re
from typing import Final

# The first that fits: nearly every browser also claims to be those further down.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PRODUCT: Final = re.compile(r"([\w.+-]{1,40})(?:/|$)")
UNKNOWN: Final = "An unknown program"
HAND_HELD: Final = frozenset({"iPhone", "iPad", "Android"})


def device_of(user_agent: str) -> str:
    """`Firefox on Linux`, `curl`; a name that a program gives itself is cut to what a name is made of."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser is None:
        product = _PRODUCT.match(user_agent)
        browser = product[1] if product and product[1] != "Mozilla" else UNKNOWN
    return f"{browser} on {system}" if system else browser


def is_hand_held(user_agent: str) -> bool:
    return _first(_SYSTEMS, user_agent) in HAND_HELD


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in names if mark in user_agent), None)
