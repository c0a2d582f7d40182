"""The permissions in words, in groups: what a person reads who gives them, holds them or narrows a key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PermissionText:
    name: str
    group: str
    title: str
    explanation: str


TEXTS: Final = (
    PermissionText(
        "tools:use", "Everyday work", "Use tools", "Run tools on pictures and see one's own jobs."
    ),
    PermissionText("files:own", "Everyday work", "Own files", "Keep, open and delete one's own files."),
    PermissionText("pipelines:own", "Everyday work", "Own pipelines", "Save and run one's own pipelines."),
    PermissionText("apikeys:own", "Everyday work", "Own API keys", "Make, list and delete one's own keys."),
    PermissionText("settings:read", "Everyday work", "Read settings", "See how this server is set up."),
    PermissionText("files:all", "What others have", "Everybody's files", "Open and delete files of others."),
    PermissionText(
        "pipelines:all", "What others have", "Everybody's pipelines", "Change and delete pipelines of others."
    ),
    PermissionText(
        "apikeys:all",
        "What others have",
        "Everybody's API keys",
        "See which keys others have, never the keys.",
    ),
    PermissionText(
        "users:manage", "Administration", "Manage users", "Add, change and delete users and roles."
    ),
    PermissionText("teams:manage", "Administration", "Manage teams", "Add, rename and delete teams."),
    PermissionText(
        "settings:write", "Administration", "Change settings", "Change how this server is set up."
    ),
    PermissionText(
        "features:manage", "Administration", "Manage features", "Add and remove optional features."
    ),
    PermissionText(
        "system:health", "Administration", "See the system", "See its health and everybody's jobs."
    ),
    PermissionText("audit:read", "Administration", "Read the audit log", "See who did what; see the roles."),
    PermissionText(
        "security:manage", "Administration", "Manage security", "Rules for passwords, sign-ins and sessions."
    ),
    PermissionText(
        "compliance:manage",
        "Administration",
        "Manage compliance",
        "How long the audit log and files are kept.",
    ),
    PermissionText("webhooks:manage", "Administration", "Manage webhooks", "Whom this server notifies."),
)


def texts_of(permissions: Collection[str]) -> list[PermissionText]:
    """In the order in which people read them."""
    return [text for text in TEXTS if text.name in permissions]
