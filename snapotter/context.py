"""What every page knows about the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark", "system")


def site(request: HttpRequest) -> dict[str, Any]:
    """The theme is a cookie: the first byte of a page has the right colours and no script is needed."""
    chosen = request.COOKIES.get("snapotter-theme")
    return {
        "app_name": settings.APP_NAME,
        "app_version": settings.VERSION,
        "theme": chosen if chosen in THEMES else settings.DEFAULT_THEME,
        "auth_enabled": settings.AUTH_ENABLED,
    }
