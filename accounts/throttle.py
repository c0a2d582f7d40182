"""How often somebody may try to sign in: per address, and per name, over sliding windows.

Attempts are rows of a table of their own, seen by every process. The audit log could be counted instead, but
holds names as text and in no index, and what people type as a name is now and then their password: here it is
hashed. An attempt counts before its password is checked and a right one takes those of its name back, so that
guesses sent all at once are no more than guesses sent in turn. Rejected attempts do not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.addresses import site_of
from accounts.models import LoginAttempt
from audit import context
from audit.services import attempted_name, record
from snapotter.common.errors import TooManyRequests
from snapotter.common.locks import lock_number
from snapotter.runtime import store
from snapotter.runtime.registry import (
    LOGIN_ATTEMPT_LIMIT,
    LOGIN_THROTTLE_MAX_FAILURES,
    LOGIN_THROTTLE_WINDOW_SECONDS,
)

ADDRESS_SECONDS: Final = 60
KEPT: Final = timedelta(days=1)  # the longest window that can be set
REMOVED_AT_ONCE: Final = 1000


class LoginThrottled(TooManyRequests):
    """Too many attempts to sign in; try again later."""

    code = "LOGIN_THROTTLED"


@dataclass(frozen=True)
class _Limit:
    key: str
    most: int
    seconds: int

    @property
    def told(self) -> str:
        """The key of the row that says this was recorded: one entry per window, however many are refused."""
        return f"{self.key} told"

    def wait(self, now: datetime) -> int:
        """The seconds until one more attempt fits into the window, 0 for at once."""
        since = now - timedelta(seconds=self.seconds)
        inside = LoginAttempt.objects.filter(key=self.key, at__gt=since).order_by("-at")
        for at in inside.values_list("at", flat=True)[self.most - 1 : self.most]:
            return max(1, math.ceil((at - since).total_seconds()))
        return 0


def admit(username: str) -> None:
    """Count an attempt to sign in as `username` from the address of the request.

    Raises LoginThrottled with `retryAfter` in seconds. Asked before the user is looked up, it says nothing
    about whether there is one.
    """
    limits, now = _limits(username), timezone.now()
    with transaction.atomic():
        _one_at_a_time(limits)
        waits = {limit: limit.wait(now) for limit in limits}
        exceeded = [limit for limit, wait in waits.items() if wait]
        if exceeded:
            _record_once(exceeded, username, now)
        else:
            remove_old(now)
            LoginAttempt.objects.bulk_create(LoginAttempt(key=limit.key, at=now) for limit in limits)
    if exceeded:
        seconds = max(waits.values())
        raise LoginThrottled(
            f"Too many attempts to sign in; try again in {seconds} seconds.", retryAfter=seconds
        )


def clear(username: str) -> None:
    """Forget the failures of a name: its user is here."""
    key = _name_key(username)
    LoginAttempt.objects.filter(key__in=[key, f"{key} told"]).delete()


def _limits(username: str) -> list[_Limit]:
    address = context.current().ip_address
    limits = [
        _Limit(
            _name_key(username),
            store.get(LOGIN_THROTTLE_MAX_FAILURES),
            store.get(LOGIN_THROTTLE_WINDOW_SECONDS),
        )
    ]
    if address is not None:
        key = f"address {site_of(address)}"
        limits.append(_Limit(key, store.get(LOGIN_ATTEMPT_LIMIT), ADDRESS_SECONDS))
    return [limit for limit in limits if limit.most]


def _name_key(username: str) -> str:
    return "name " + sha256(username.lower().encode(errors="surrogatepass")).hexdigest()


def _one_at_a_time(limits: Iterable[_Limit]) -> None:
    """Until the transaction ends, nobody else counts what we count. In order, so that two never wait for each
    other."""
    with connection.cursor() as cursor:
        for number in sorted(lock_number(f"snapotter.login {limit.key}") for limit in limits):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _record_once(exceeded: Iterable[_Limit], username: str, now: datetime) -> None:
    for limit in exceeded:
        since = now - timedelta(seconds=limit.seconds)
        if LoginAttempt.objects.filter(key=limit.told, at__gt=since).exists():
            continue
        LoginAttempt.objects.create(key=limit.told, at=now)
        details = {
            "username": attempted_name(username),
            "failures": limit.most,
            "windowSeconds": limit.seconds,
            "per": limit.key.partition(" ")[0],
        }
        record("LOGIN_THROTTLED", details=details)


def remove_old(now: datetime) -> None:
    """Remove attempts that no window reaches any more; skips what somebody else is removing."""
    old = LoginAttempt.objects.select_for_update(skip_locked=True).filter(at__lt=now - KEPT)
    LoginAttempt.objects.filter(pk__in=old.values("pk")[:REMOVED_AT_ONCE]).delete()
