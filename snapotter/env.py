"""The environment, read strictly: a value that cannot be right stops the start with one clear line.

Every secret may also come from a file named by `<NAME>_FILE`, as Docker and systemd hand secrets over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})
# RFC 6454: scheme, host and port, and nothing after it
ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")

HOST = re.compile(r"\.?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")


def _raw(name: str) -> str | None:
    """The value without surrounding blanks; an empty one counts as absent, as compose files write it so."""
    return os.environ.get(name, "").strip() or None


def _refuse(name: str, value: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} must be {expected}, not {value!r}")


def text(name: str, default: str = "") -> str:
    return _raw(name) or default


def secret(name: str, default: str = "") -> str:
    """The value of `name`, or the content of the file that `<name>_FILE` names, without its final newline."""
    file_name = _raw(f"{name}_FILE")
    if file_name is None:
        return os.environ.get(name) or default
    if _raw(name) is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; set one")
    try:
        return Path(file_name).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {file_name}: {error}") from None


def boolean(name: str, default: bool) -> bool:
    value = _raw(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise _refuse(name, value, "true or false")


def integer(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    value = _raw(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        raise _refuse(name, value, "a whole number") from None
    if not low <= number <= high:
        raise _refuse(name, value, f"between {low} and {high}")
    return number


def number(name: str, default: float, *, low: float = 0, high: float = 1e12) -> float:
    value = _raw(name)
    if value is None:
        return default
    try:
        parsed = float(value)
    except ValueError:
        raise _refuse(name, value, "a number") from None
    if not low <= parsed <= high:  # also refuses NaN
        raise _refuse(name, value, f"between {low:g} and {high:g}")
    return parsed


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise _refuse(name, value, "one of " + ", ".join(allowed))
    return value


def path(name: str, default: str | Path) -> Path:
    return Path(text(name, str(default))).expanduser().absolute()


def words(name: str) -> list[str]:
    """A comma-separated list, blanks trimmed, empty items dropped."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def hosts(name: str) -> list[str]:
    """Host names, separated by commas, without scheme and port; `.example.org` is all below, `*` is any."""
    found = [word.lower() for word in words(name)]
    for host in found:
        if host != "*" and not HOST.fullmatch(host):
            raise _refuse(name, host, "host names like otter.example.org, separated by commas, or *")
    return found


def origins(name: str) -> list[str]:
    """Web origins, separated by commas, as browsers send them (`https://app.example.org:8443`), or `*`."""
    found = [word.lower() for word in words(name)]
    for origin in found:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            raise _refuse(name, origin, "origins like https://app.example.org, separated by commas, or *")
    return found


def database(name: str) -> dict[str, Any] | None:
    """A Django database configuration from a `postgres://` URL, None when it is unset."""
    url = secret(name).strip()
    if not url:
        return None
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} must be a postgres:// URL; PostgreSQL is the only database")
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{name} names no database; write postgres://user:password@host:5432/name")
    return config
