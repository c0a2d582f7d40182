"""What every page knows about the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.permissions import has_permission
from processing.branding import logo_version
from snapotter.runtime import store
from snapotter.runtime.registry import APP_NAME, DEFAULT_LOCALE, DEFAULT_THEME

THEMES = ("light", "dark", "system")


def site(request: HttpRequest) -> dict[str, Any]:
    """The theme is a cookie: the first byte of a page has the right colours and no script is needed."""
    chosen = request.COOKIES.get("snapotter-theme")
    return {
        "app_name": store.get(APP_NAME),
        "app_version": settings.VERSION,
        "logo_version": logo_version(),
        "theme": chosen if chosen in THEMES else store.get(DEFAULT_THEME),
        "locale": store.get(DEFAULT_LOCALE),
        "auth_enabled": settings.AUTH_ENABLED,
        "may_automate": lambda: has_permission(request.user, "pipelines:own"),
    }
