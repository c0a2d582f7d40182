"""Every setting that can change while the server runs. A key is declared here when something obeys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from django.conf import settings

from snapotter.runtime.kinds import Choice, Ids, Kind, Text, Truth, Whole

T = TypeVar("T")

MASK: Final = "********"


@dataclass(frozen=True)
class Definition(Generic[T]):
    """`default` is called when the table holds nothing; `reads` and `writes` are permissions."""

    name: str
    kind: Kind[T]
    default: Callable[[], T]
    help: str
    reads: str = "settings:read"
    writes: str = "settings:write"
    read_only: bool = False
    secret: bool = False

    def shown(self, value: T) -> str:
        """As it goes out: text, and nothing of a secret but that there is one."""
        text = self.kind.text(value)
        return MASK if self.secret and text else text


DEFAULT_THEME: Final = Definition(
    "defaultTheme",
    Choice(("light", "dark", "system")),
    lambda: settings.DEFAULT_THEME,
    "The theme of whoever has not chosen one",
)
APP_NAME: Final = Definition("appName", Text(60), lambda: settings.APP_NAME, "Shown in the pages")
DISABLED_TOOLS: Final = Definition(
    "disabledTools", Ids(), tuple[str, ...], "Tools that nobody can use, by id"
)
LOGIN_ATTEMPT_LIMIT: Final = Definition(
    "loginAttemptLimit",
    Whole(0, 100_000),
    lambda: settings.LOGIN_ATTEMPT_LIMIT,
    "Sign-ins per minute from one address; 0 for no limit",
    reads="security:manage",
    writes="security:manage",
)
LOGIN_THROTTLE_MAX_FAILURES: Final = Definition(
    "loginThrottleMaxFailures",
    Whole(0, 1000),
    lambda: settings.LOGIN_THROTTLE_MAX_FAILURES,
    "Failed sign-ins of one name within the window; 0 for no limit",
    reads="security:manage",
    writes="security:manage",
)
LOGIN_THROTTLE_WINDOW_SECONDS: Final = Definition(
    "loginThrottleWindowSeconds",
    Whole(1, 24 * 3600),
    lambda: settings.LOGIN_THROTTLE_WINDOW_S,
    "The window in which failed sign-ins of a name are counted",
    reads="security:manage",
    writes="security:manage",
)
PASSWORD_MIN_LENGTH: Final = Definition(
    "passwordMinLength",
    Whole(8, 128),
    lambda: 8,  # the least that NIST SP 800-63B (5.1.1.2) allows
    "The characters of a new password, at least",
    writes="security:manage",
)


def _password_rule(name: str, what: str, default: bool) -> Definition[bool]:
    """Everybody may read what a password must look like."""
    return Definition(
        name, Truth(), lambda: default, f"A new password needs {what}", writes="security:manage"
    )


PASSWORD_UPPERCASE: Final = _password_rule("passwordRequireUppercase", "an upper-case letter", True)
PASSWORD_LOWERCASE: Final = _password_rule("passwordRequireLowercase", "a lower-case letter", True)
PASSWORD_DIGIT: Final = _password_rule("passwordRequireDigit", "a digit", True)
PASSWORD_SPECIAL: Final = _password_rule("passwordRequireSpecial", "a special character", False)
SESSION_IDLE_TIMEOUT_MINUTES: Final = Definition(
    "sessionIdleTimeoutMinutes",
    Whole(0, 365 * 24 * 60),
    lambda: 0,
    "A session that is not used for so long ends; 0 for never before its time",
    reads="security:manage",
    writes="security:manage",
)
MAX_SESSIONS_PER_USER: Final = Definition(
    "maxSessionsPerUser",
    Whole(0, 1000),
    lambda: 0,
    "One more sign-in than so many ends the oldest session of the user; 0 for no limit",
    reads="security:manage",
    writes="security:manage",
)
INSTANCE_ID: Final = Definition(
    "instance_id",
    Text(36),
    str,
    "Tells this installation from others; made with the database",
    read_only=True,
)

DEFINITIONS: Final[Mapping[str, Definition[Any]]] = MappingProxyType(
    {
        definition.name: definition
        for definition in (
            DEFAULT_THEME,
            APP_NAME,
            DISABLED_TOOLS,
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
            INSTANCE_ID,
        )
    }
)
