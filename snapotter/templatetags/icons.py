"""`{% icon "download" %}`: an inline drawing that takes the colour of the text beside it."""

from __future__ import annotations

import re
from functools import cache

from django.template import Library
from django.template.loader import select_template
from django.utils.safestring import SafeString

register = Library()

FALLBACK = "shapes"
_NAME = re.compile(r"[a-z0-9-]{1,60}")


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon of that name, or a neutral one: a tool may name what was never drawn."""
    return _drawing(name if _NAME.fullmatch(name) else FALLBACK)


@cache
def _drawing(name: str) -> SafeString:
    drawing: SafeString = select_template([f"icons/{name}.svg", f"icons/{FALLBACK}.svg"]).render({})
    return drawing
