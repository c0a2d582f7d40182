"""What a row says about a route: the door that it has, and the answer to whom it lets in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.route_callers import KEYS, holds

Status = int | str


@dataclass(frozen=True)
class Door:
    """`needed`: one of these permissions, or just to be signed in. `turned_away` says how the others are."""

    needed: frozenset[str] = frozenset()
    turned_away: Mapping[str, Status] = field(default_factory=dict)
    lacking: Status = 403

    def refusal(self, caller: str) -> Status | None:
        if caller in self.turned_away:
            return self.turned_away[caller]
        if not self.needed or any(holds(caller, self.needed, each) for each in self.needed):
            return None
        return self.lacking


_API: Final[Mapping[str, Status]] = {
    "anonymous": "401 AUTH_REQUIRED",
    "expired key": "401 AUTH_REQUIRED",
    "disabled": "403 USER_DISABLED",
    "pending": "403 MUST_CHANGE_PASSWORD",
}
_PAGE: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("anonymous", *KEYS, "disabled"), "302 /login"),
    "pending": "302 /change-password",
}

PUBLIC: Final = Door()
SIGNED_IN: Final = Door(turned_away=_API)
SIGNED_IN_PAGE: Final = Door(turned_away=_PAGE)


def needs(permission: str) -> Door:
    return Door(frozenset({permission}), _API, lacking="403 FORBIDDEN")


def page(*permissions: str) -> Door:
    """A page for who holds one of the permissions."""
    return Door(frozenset(permissions), _PAGE)


@dataclass(frozen=True)
class Row:
    """`methods` may be several. `status` is for one's own object, `other` for another's, which whoever holds
    `reach` has like an own one. `but` are exceptions by caller, as "admin", or "admin, own".

    `json`, `form` and `query` are what is sent: little, for it need not be done, only let in.
    """

    methods: str
    route: str
    door: Door
    status: Status
    other: Status | None = None
    reach: str | None = None
    but: Mapping[str, Status] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    query: str = ""

    @property
    def address(self) -> str:
        """With parameters still to be filled in, which a query may have as well."""
        return f"{self.route}?{self.query}" if self.query else self.route

    def expected(self, caller: str, whose: str) -> Status:
        for exception in (f"{caller}, {whose}", caller):
            if exception in self.but:
                return self.but[exception]
        refusal = self.door.refusal(caller)
        if refusal is not None:
            return refusal
        reaches = self.reach is not None and holds(caller, self.door.needed, self.reach)
        return self.status if whose == "own" or self.other is None or reaches else self.other
