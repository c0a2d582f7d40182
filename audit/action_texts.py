"""The actions of the audit log in words, for people who do not read codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from audit.models import AuditEntry

_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LOGIN_SUCCESS": "Signed in",
        "LOGIN_FAILED": "Sign-in failed",
        "LOGIN_THROTTLED": "Too many sign-ins",
        "LOGOUT": "Signed out",
        "SESSION_ENDED": "Ended a session",
        "SESSIONS_ENDED": "Ended sessions",
        "PASSWORD_CHANGED": "Changed the password",
        "PASSWORD_CHANGE_FAILED": "Gave a wrong current password",
        "PASSWORD_RESET": "Reset a password",
        "USER_CREATED": "Added a user",
        "USER_UPDATED": "Changed a user",
        "USER_DELETED": "Deleted a user",
        "ROLE_CREATED": "Added a role",
        "ROLE_UPDATED": "Changed a role",
        "ROLE_DELETED": "Deleted a role",
        "TEAM_CREATED": "Added a team",
        "TEAM_UPDATED": "Changed a team",
        "TEAM_DELETED": "Deleted a team",
        "API_KEY_CREATED": "Created an API key",
        "API_KEY_DELETED": "Deleted an API key",
        "API_KEY_AUTH_FAILED": "An API key let nobody in",
        "SETTINGS_UPDATED": "Changed settings",
        "FILE_UPLOADED": "Uploaded files",
        "FILE_DELETED": "Deleted files",
        "TOOL_EXECUTED": "Ran a tool",
        "JOB_CANCELED": "Canceled somebody's job",
        "PIPELINE_CREATED": "Saved a pipeline",
        "PIPELINE_UPDATED": "Changed a pipeline",
        "PIPELINE_DELETED": "Deleted a pipeline",
        "BRANDING_UPDATED": "Changed the logo",
        "BRANDING_REMOVED": "Removed the logo",
        "AUDIT_EXPORTED": "Exported the audit log",
        "AUDIT_PRUNED": "Removed old audit entries",
    }
)
_NAMES: Final = (
    "keyName",
    "newUsername",
    "targetUsername",
    "deletedUsername",
    "roleName",
    "teamName",
    "pipelineName",
    "toolId",
)


def action_text(action: str) -> str:
    """In words; of an action nobody has put into words, its name made readable."""
    return _TEXTS.get(action) or action.replace("_", " ").capitalize()


def target_text(entry: AuditEntry) -> str:
    """What the entry is about, by name; empty where the details name nothing."""
    details: dict[str, Any] = entry.details or {}
    named = next((details[name] for name in _NAMES if name in details), None)
    return str(named) if named is not None else ", ".join(map(str, details.get("keys", ())))
