"""System checks: what is allowed but dangerous is said at every start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register()
def authentication_is_on(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.AUTH_ENABLED:
        return []
    return [
        Warning(
            "AUTH_ENABLED is false: everybody who reaches this server is an administrator.",
            hint="Set AUTH_ENABLED=true unless the server is reachable by you alone.",
            id="snapotter.W001",
        )
    ]


@register()
def other_sites_are_kept_out(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.AUTH_ENABLED:
        return []
    findings: list[CheckMessage] = []
    if settings.CORS_ALLOW_ALL_ORIGINS:
        findings.append(
            Warning(
                "CORS_ORIGIN is * while AUTH_ENABLED is false: every site that somebody visits is an"
                " administrator here.",
                hint="Name the origins that may call the API in CORS_ORIGIN.",
                id="snapotter.W003",
            )
        )
    if "*" in settings.KNOWN_HOSTS:
        findings.append(
            Warning(
                "ALLOWED_HOSTS is * while AUTH_ENABLED is false: a site whose name leads here is an"
                " administrator.",
                hint="Name the hosts that this server goes by in ALLOWED_HOSTS.",
                id="snapotter.W004",
            )
        )
    return findings


@register()
def the_first_password_is_not_the_documented_one(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not (settings.SKIP_MUST_CHANGE_PASSWORD and settings.DEFAULT_PASSWORD == "admin"):  # noqa: S105
        return []
    return [
        Warning(
            "SKIP_MUST_CHANGE_PASSWORD is on while the first administrator's password is the documented one.",
            hint="Set DEFAULT_PASSWORD (or DEFAULT_PASSWORD_FILE) to a password of your own.",
            id="snapotter.W002",
        )
    ]
