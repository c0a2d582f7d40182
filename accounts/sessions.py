"""Django's session engine on the `sessions` table: the pages' cookie and the API's token are one row.

A row exists for a signed-in user only, and its columns are the truth: `user_id` says who it is, `expires_at`
when it ends, whatever happens in between. `session_data` holds what else a view stores, usually nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.utils import timezone

from accounts import credentials
from accounts.models import Session, User
from audit import context

_FROM_COLUMNS: Final = frozenset({SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY})


class SessionStore(SessionBase):
    """Loads with one query, which brings the user and the role along."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._row: Session | None = None

    @property
    def row(self) -> Session | None:
        """The row of a signed-in user, None for a visitor."""
        self._get_session()  # type: ignore[attr-defined]  # loads on first use
        return self._row

    def sign_in(self, user: User) -> None:
        """Begin a session of `user` under a new id, whatever was in here before."""
        self.clear()
        self.create()
        self.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0]})
        self.save()

    def load(self) -> dict[str, Any]:
        self._row = credentials.find_session(self.session_key or "")
        if self._row is None:
            self._session_key = None
            return {}
        stored = self.decode(self._row.session_data) if self._row.session_data else {}
        return stored | {
            SESSION_KEY: str(self._row.user_id),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        }

    def create(self) -> None:
        """A new id. The row comes with the first save that knows whose it is."""
        self._session_key = str(uuid.uuid4())
        self._session_cache: dict[str, Any] = {}
        self._row = None
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write what changed; a visitor's session never is.

        Raises UpdateError when the session was ended meanwhile: it must not come back.
        """
        data: Mapping[str, Any] = self._get_session()  # type: ignore[attr-defined]
        if SESSION_KEY not in data:
            return
        stored = self._encoded(data)
        if self._row is None or must_create:
            self._row = self._insert(data[SESSION_KEY], stored)
        elif self._row.session_data != stored:
            if not Session.objects.filter(id=self._row.id).update(session_data=stored):
                raise UpdateError
            self._row.session_data = stored

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(id=session_key).exists()

    def delete(self, session_key: str | None = None) -> None:
        Session.objects.filter(id=session_key or self.session_key or "").delete()

    def flush(self) -> None:
        super().flush()
        self._row = None

    def is_empty(self) -> bool:
        """True for a visitor, so that the middleware neither saves nor sends a cookie."""
        if not hasattr(self, "_session_cache"):
            return self.session_key is None
        return SESSION_KEY not in self._session_cache

    def get_expiry_age(self, **kwargs: Any) -> int:
        """The seconds that are left; a session does not slide."""
        left = self.get_expiry_date() - timezone.now()
        return max(0, round(left.total_seconds()))

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        return self._row.expires_at if self._row else _expiry()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expires_at__lte=timezone.now()).delete()

    def _encoded(self, data: Mapping[str, Any]) -> str:
        rest = {name: value for name, value in data.items() if name not in _FROM_COLUMNS}
        return self.encode(rest) if rest else ""

    def _insert(self, user_id: str, stored: str) -> Session:
        where = context.current()
        return Session.objects.create(
            id=self.session_key or "",
            user_id=user_id,
            expires_at=_expiry(),
            session_data=stored,
            ip_address=where.ip_address,
            user_agent=where.user_agent,
        )


def _expiry() -> datetime:
    return timezone.now() + timedelta(hours=settings.SESSION_DURATION_HOURS)
