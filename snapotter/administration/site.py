"""The admin site: who comes in, and what it lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse, reverse_lazy

from accounts import views
from snapotter.administration.settings_page import logo, may_change_settings, settings_page

View = Callable[..., HttpResponseBase]

# The models by the names of their classes, in the order they are listed, and what each page is for.
SECTIONS: Final = {
    "People": {
        "User": "Who may sign in: role, team, quota, password",
        "Role": "What people may do, and who holds which",
        "Team": "Who works together, and how much they may keep",
        "ApiKey": "Keys of programs: whose, for what, until when",
        "Session": "Who is signed in, where from, since when",
    },
    "Activity": {
        "AuditEntry": "Who did what, in a log that nobody can change unnoticed",
        "Job": "What ran, for whom, and how it ended",
    },
}
_SERVER: Final = {
    "name": "Server",
    "models": [
        {
            "object_name": "Setting",
            "name": "Settings",
            "about": "Name, logo, tools, rules for passwords and sign-ins",
            "admin_url": reverse_lazy("admin:settings"),
        }
    ],
}


class AdministrationSite(AdminSite):
    """Everybody comes in through the site's own sign-in, which is throttled and knows of pending changes."""

    index_title = "Administration"
    enable_nav_sidebar = False
    empty_value_display = "–"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # it would delete rows behind the services' back

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        """Visitors sign in first; who holds nothing administrative is refused."""
        guarded = super().admin_view(view, cacheable)

        @wraps(view)
        def staff_only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return views.signed_in()(staff_only)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        home = urlencode({REDIRECT_FIELD_NAME: reverse("admin:index")})
        return redirect(f"{reverse('login')}?{home}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return views.logout(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("change-password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("change-password")

    def get_urls(self) -> list[Any]:
        """The settings have no row each that could be listed: theirs is one page."""
        ours = [
            path("settings/", self.admin_view(settings_page), name="settings"),
            path("settings/logo", self.admin_view(logo), name="logo"),
        ]
        return ours + super().get_urls()

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """By section instead of by app; one app's own page lists what it has."""
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        return _by_section(apps) + ([_SERVER] if may_change_settings(request) else [])


def _by_section(apps: list[Any]) -> list[Any]:
    models = {model["object_name"]: model for app in apps for model in app["models"]}
    sections = [
        {
            "name": section,
            "models": [models[name] | {"about": about} for name, about in pages.items() if name in models],
        }
        for section, pages in SECTIONS.items()
    ]
    return [section for section in sections if section["models"]]
