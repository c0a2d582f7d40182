"""That an API key let nobody in, in the audit log: told once in a while, however often it happens.

Whoever tries keys chooses them, and could fill the log with them while everybody else waits for the lock of
its chain. So a key is told once per address in five minutes, and of keys that nobody has only so many per
address and in all; a key that somebody had is told whatever else is tried. What was told already costs one
look into an index: no lock and no write.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from accounts.addresses import site_of
from accounts.models import ApiKey, LoginAttempt
from accounts.throttle import remove_old
from audit import context
from audit.services import record
from snapotter.common.locks import transaction_lock

WINDOW: Final = timedelta(minutes=5)
UNKNOWN_PER_ADDRESS: Final = 10
UNKNOWN_IN_ALL: Final = 100

Reason = Literal["unknown", "expired", "disabled_user"]


def key_failure_record(*, prefix: str, reason: Reason, key: ApiKey | None = None) -> None:
    """Record that a key was presented in vain, unless that was told lately. The key is kept nowhere."""
    limits, now = _limits(prefix, known=key is not None), timezone.now()
    if _told(limits, now):
        return
    with transaction.atomic():
        transaction_lock("snapotter.key_failures")
        if _told(limits, now):
            return
        remove_old(now)
        LoginAttempt.objects.bulk_create(LoginAttempt(key=name, at=now) for name in limits)
        details = {"prefix": prefix, "reason": reason}
        if key is not None:
            details |= {"keyId": str(key.pk), "userId": str(key.user_id)}
        record("API_KEY_AUTH_FAILED", details=details)


def _limits(prefix: str, *, known: bool) -> dict[str, int]:
    """How many entries there may be in the window, by what is counted."""
    address = context.current().ip_address
    site = site_of(address) if address else "nowhere"
    one = {f"key {prefix} {site}": 1}
    return one if known else one | {f"keys {site}": UNKNOWN_PER_ADDRESS, "keys": UNKNOWN_IN_ALL}


def _told(limits: dict[str, int], now: datetime) -> bool:
    rows = LoginAttempt.objects.filter(key__in=limits, at__gt=now - WINDOW)
    counts = rows.values_list("key").annotate(Count("id"))
    return any(count >= limits[name] for name, count in counts)
