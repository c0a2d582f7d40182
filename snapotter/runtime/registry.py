"""Every setting that can change while the server runs. A key is declared here when something obeys it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from snapotter.runtime.definition import Definition
from snapotter.runtime.kinds import Choice, Ids, Number, Text, Truth, Whole

SECURITY: Final = "security:manage"
COMPLIANCE: Final = "compliance:manage"

APP_NAME: Final = Definition(
    "appName",
    Text(60),
    lambda: settings.APP_NAME,
    "Appearance",
    "Name",
    "Shown in the pages",
)
CUSTOM_LOGO: Final = Definition(
    "customLogo",
    Truth(),
    lambda: False,
    "Appearance",
    "Own logo",
    "Whether a logo was uploaded",
    read_only=True,
)
DEFAULT_THEME: Final = Definition(
    "defaultTheme",
    Choice({"light": "Light", "dark": "Dark", "system": "As the device has it"}),
    lambda: settings.DEFAULT_THEME,
    "Appearance",
    "Default theme",
    "The theme of whoever has not chosen one",
)
DEFAULT_LOCALE: Final = Definition(
    "defaultLocale",
    Choice(settings.LOCALES),
    lambda: settings.DEFAULT_LOCALE,
    "Appearance",
    "Default language",
    "The language of the pages",
)
DISABLED_TOOLS: Final = Definition(
    "disabledTools",
    Ids(),
    tuple[str, ...],
    "Tools",
    "Disabled tools",
    "Tools that nobody can use, by id",
)
MAX_CONCURRENT_JOBS_PER_USER: Final = Definition(
    "maxConcurrentJobsPerUser",
    Whole(0, 1000),
    lambda: 0,
    "Tools",
    "Jobs of one user at once",
    "Further ones are refused, files of a batch wait; 0 for no limit",
)
TEMP_FILE_MAX_AGE_HOURS: Final = Definition(
    "tempFileMaxAgeHours",
    Number(0, 24 * 3650),
    lambda: settings.FILE_MAX_AGE_HOURS,
    "Files",
    "Keep results for",
    "How long what is made from now on can be downloaded; 0 for ever",
    unit="hours",
)
JOBS_RETENTION_DAYS: Final = Definition(
    "jobsRetentionDays",
    Whole(0, 36_500),
    lambda: settings.JOBS_RETENTION_DAYS,
    "Files",
    "Keep the history for",
    "Older jobs vanish from the history, with whatever files they still have; 0 keeps all",
    unit="days",
)
STARTUP_CLEANUP: Final = Definition(
    "startupCleanup",
    Truth(),
    lambda: True,
    "Files",
    "Clean up at the start",
    "Remove what is over when the server starts too, not only now and then",
)
LOGIN_ATTEMPT_LIMIT: Final = Definition(
    "loginAttemptLimit",
    Whole(0, 100_000),
    lambda: settings.LOGIN_ATTEMPT_LIMIT,
    "Sign-in",
    "Sign-ins from one address",
    "How many there may be each minute; 0 for no limit",
    unit="per minute",
    reads=SECURITY,
    writes=SECURITY,
)
LOGIN_THROTTLE_MAX_FAILURES: Final = Definition(
    "loginThrottleMaxFailures",
    Whole(0, 1000),
    lambda: settings.LOGIN_THROTTLE_MAX_FAILURES,
    "Sign-in",
    "Failed sign-ins of one name",
    "How many there may be within the window; 0 for no limit",
    reads=SECURITY,
    writes=SECURITY,
)
LOGIN_THROTTLE_WINDOW_SECONDS: Final = Definition(
    "loginThrottleWindowSeconds",
    Whole(1, 24 * 3600),
    lambda: settings.LOGIN_THROTTLE_WINDOW_S,
    "Sign-in",
    "Window of failed sign-ins",
    "The time in which failed sign-ins of a name are counted",
    unit="seconds",
    reads=SECURITY,
    writes=SECURITY,
)
SESSION_IDLE_TIMEOUT_MINUTES: Final = Definition(
    "sessionIdleTimeoutMinutes",
    Whole(0, 365 * 24 * 60),
    lambda: 0,
    "Sessions",
    "End idle sessions after",
    "A session that is not used for so long ends; 0 for never before its time",
    unit="minutes",
    reads=SECURITY,
    writes=SECURITY,
)
MAX_SESSIONS_PER_USER: Final = Definition(
    "maxSessionsPerUser",
    Whole(0, 1000),
    lambda: 0,
    "Sessions",
    "Sessions of one user",
    "A sign-in beyond ends the oldest; 0 for no limit",
    reads=SECURITY,
    writes=SECURITY,
)
PASSWORD_MIN_LENGTH: Final = Definition(
    "passwordMinLength",
    Whole(8, 128),
    lambda: 8,  # the least that NIST SP 800-63B (5.1.1.2) allows
    "Passwords",
    "Least length",
    "Of a new password",
    unit="characters",
    writes=SECURITY,
)


def _password_rule(name: str, what: str, default: bool) -> Definition[bool]:
    """Everybody may read what a password must look like."""
    help_text = f"A new password needs {what}"
    title = f"Require {what}"
    return Definition(name, Truth(), lambda: default, "Passwords", title, help_text, writes=SECURITY)


PASSWORD_UPPERCASE: Final = _password_rule("passwordRequireUppercase", "an upper-case letter", True)
PASSWORD_LOWERCASE: Final = _password_rule("passwordRequireLowercase", "a lower-case letter", True)
PASSWORD_DIGIT: Final = _password_rule("passwordRequireDigit", "a digit", True)
PASSWORD_SPECIAL: Final = _password_rule("passwordRequireSpecial", "a special character", False)
AUDIT_TOOL_OPERATIONS: Final = Definition(
    "auditToolOperations",
    Truth(),
    lambda: False,
    "Audit",
    "Record tool runs",
    "Each run of a tool is an entry of the audit log: who, which tool, how much, how it ended",
    reads=COMPLIANCE,
    writes=COMPLIANCE,
)
AUDIT_RETENTION_DAYS: Final = Definition(
    "auditRetentionDays",
    Whole(0, 36_500),
    lambda: settings.AUDIT_RETENTION_DAYS,
    "Audit",
    "Keep entries for",
    "Older entries of the audit log are deleted; 0 keeps all",
    unit="days",
    reads=COMPLIANCE,
    writes=COMPLIANCE,
)
INSTANCE_ID: Final = Definition(
    "instance_id",
    Text(36),
    str,
    "Installation",
    "Id",
    "Tells this installation from others; made with the database",
    read_only=True,
)

DEFINITIONS: Final[Mapping[str, Definition[Any]]] = MappingProxyType(
    {
        definition.name: definition
        for definition in (
            APP_NAME,
            CUSTOM_LOGO,
            DEFAULT_THEME,
            DEFAULT_LOCALE,
            DISABLED_TOOLS,
            MAX_CONCURRENT_JOBS_PER_USER,
            TEMP_FILE_MAX_AGE_HOURS,
            JOBS_RETENTION_DAYS,
            STARTUP_CLEANUP,
            LOGIN_ATTEMPT_LIMIT,
            LOGIN_THROTTLE_MAX_FAILURES,
            LOGIN_THROTTLE_WINDOW_SECONDS,
            SESSION_IDLE_TIMEOUT_MINUTES,
            MAX_SESSIONS_PER_USER,
            PASSWORD_MIN_LENGTH,
            PASSWORD_UPPERCASE,
            PASSWORD_LOWERCASE,
            PASSWORD_DIGIT,
            PASSWORD_SPECIAL,
            AUDIT_TOOL_OPERATIONS,
            AUDIT_RETENTION_DAYS,
            INSTANCE_ID,
        )
    }
)
