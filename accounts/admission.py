"""What a request was let in by. It travels on its user: `user.credential`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID


@dataclass(frozen=True)
class Credential:
    """A session, an API key or nothing. `scope` None is everything the role may."""

    kind: Literal["session", "api_key", "anonymous"]
    session_id: str | None = None
    key_id: UUID | None = None
    scope: frozenset[str] | None = None
    expires_at: datetime | None = None
    disabled: bool = False  # presented by a user who may not come in any more


ANONYMOUS: Final = Credential("anonymous")
