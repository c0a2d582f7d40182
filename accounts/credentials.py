"""From what a request presents to a user: session tokens and API keys.

Each request reads the row of its credential, so that ending a session, deleting a key, disabling a user or
changing a role acts at once. The row comes with user and role in one query.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.admission import Credential
from accounts.hashers import verify_key
from accounts.key_failures import Reason, key_failure_record
from accounts.models import ApiKey, Session, User
from accounts.rate_limits import counter, key_of_address
from snapotter.common.errors import TooManyRequests
from snapotter.runtime import store
from snapotter.runtime.registry import SESSION_IDLE_TIMEOUT_MINUTES

KEY_FORM: Final = re.compile(r"si_[0-9a-f]{96}")
PREFIX_LENGTH: Final = 16
LEGACY_SCAN: Final = 100
SCANS_PER_MINUTE: Final = 5  # of one address
TOUCH_EVERY: Final = timedelta(minutes=1)


def find_session(token: str) -> Session | None:
    """The live session of `token`. One that expired or lay idle is deleted.

    `last_activity` moves at most once a minute.
    """
    if "\0" in token:
        return None
    # not first(): ordering and limiting one row by its key would cost as much as building the query
    session = next(iter(Session.objects.select_related("user__role").filter(id=token)), None)
    if session is None:
        return None
    now = timezone.now()
    if session.expires_at <= now or lay_idle(session, now):
        Session.objects.filter(id=token, last_activity=session.last_activity).delete()
        return None
    if now - session.last_activity > TOUCH_EVERY:
        Session.objects.filter(id=token, last_activity__lt=now - TOUCH_EVERY).update(last_activity=now)
    return session


def lay_idle(session: Session, now: datetime) -> bool:
    """A minute late at most, because `last_activity` is: never too early."""
    minutes = store.get(SESSION_IDLE_TIMEOUT_MINUTES)
    return minutes > 0 and now - session.last_activity > timedelta(minutes=minutes) + TOUCH_EVERY


def key_prefix(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:PREFIX_LENGTH]


def find_key(key: str) -> ApiKey | None:
    """The live row of an API key, marked as used now. A key that is no good is recorded.

    The key of a disabled user is found and no good: the user is to hear why.
    """
    if not KEY_FORM.fullmatch(key):
        return None
    now = timezone.now()
    row = _by_prefix(key) or _by_scan(key)
    reason = key_refusal(row, now)
    if reason is not None:
        key_failure_record(prefix=key_prefix(key), reason=reason, key=row)
    if row is None or reason == "expired":
        return None
    used = ApiKey.objects.filter(id=row.id).update(last_used_at=now, **_new_prefix(row, key))
    return row if used else None  # deleted a moment ago


def key_refusal(row: ApiKey | None, now: datetime) -> Reason | None:
    """Why a key lets nobody in, None when it lets its user in."""
    if row is None:
        return "unknown"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    return None if row.user.is_active else "disabled_user"


def _new_prefix(row: ApiKey, key: str) -> dict[str, str]:
    """Only for a row that has none: rewriting an indexed column each time would rewrite the index too."""
    return {} if row.key_prefix else {"key_prefix": key_prefix(key)}


def user_by_session(row: Session) -> User:
    """The user of a session, let in by it."""
    row.user.credential = Credential("session", session_id=row.id, expires_at=row.expires_at)
    return row.user


def user_by_key(row: ApiKey) -> User:
    """The user of a key, let in by it: what the user may is cut to its scope."""
    row.user.credential = key_credential(row)
    return row.user


def key_credential(row: ApiKey) -> Credential:
    return Credential("api_key", key_id=row.id, scope=scope_of(row), expires_at=row.expires_at)


def scope_of(row: ApiKey) -> frozenset[str] | None:
    return None if row.permissions is None else frozenset(row.permissions)


def _rows() -> QuerySet[ApiKey]:
    return ApiKey.objects.select_related("user__role")


def _by_prefix(key: str) -> ApiKey | None:
    return next(
        (row for row in _rows().filter(key_prefix=key_prefix(key)) if _verified.is_key_of(key, row)), None
    )


def _by_scan(key: str) -> ApiKey | None:
    """A key of 1.x, not used since rows have prefixes.

    It may cost 100 hashes, also for a key that a stranger made up: so one scan at a time, and few of one
    address. Raises TooManyRequests.
    """
    rows = list(_rows().filter(key_prefix="").order_by("created_at")[:LEGACY_SCAN])
    if not rows:
        return None
    standing = counter.count(f"key scan {key_of_address()}", SCANS_PER_MINUTE)
    if not standing.admitted:
        raise TooManyRequests("Too many unknown API keys", retryAfter=standing.reset_seconds)
    with _scanning:
        return next((row for row in rows if verify_key(key, row.key_hash)), None)


_scanning = threading.Lock()


class _Verified:
    """Remembers for a while which key a hash was verified with, so that scrypt does not cost every request.

    Only digests of keys are kept, and the hash in the row must still be the one that was verified.
    """

    SECONDS: Final = 300
    SIZE: Final = 1024

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._verifying = threading.Lock()
        self._known: OrderedDict[bytes, tuple[UUID, str, float]] = OrderedDict()

    def is_key_of(self, key: str, row: ApiKey) -> bool:
        digest = sha256(key.encode()).digest()
        if self._knows(digest, row):
            return True
        with (
            self._verifying
        ):  # a burst of first requests shall cost one hash, 16 MiB each, not one per thread
            if self._knows(digest, row):
                return True
            if not verify_key(key, row.key_hash):
                return False
            self._remember(digest, row)
            return True

    def _knows(self, digest: bytes, row: ApiKey) -> bool:
        with self._lock:
            key_id, key_hash, until = self._known.get(digest, (None, "", 0.0))
        return key_id == row.id and key_hash == row.key_hash and time.monotonic() < until

    def _remember(self, digest: bytes, row: ApiKey) -> None:
        with self._lock:
            self._known[digest] = (row.id, row.key_hash, time.monotonic() + self.SECONDS)
            self._known.move_to_end(digest)
            while len(self._known) > self.SIZE:
                self._known.popitem(last=False)


_verified = _Verified()
