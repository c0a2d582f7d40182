"""Types of body fields and path parts that several account endpoints share."""

from __future__ import annotations

import re
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field

from accounts.permissions import PERMISSIONS
from snapotter.common.errors import NotFound
from snapotter.common.ids import parse_uuid

_UNSTORABLE: Final = re.compile(r"[\0\ud800-\udfff]")


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("must hold neither NUL characters nor lone surrogates")
    return text


Storable = Annotated[str, AfterValidator(_storable)]
"""Text that PostgreSQL can keep and compare."""

NonEmpty = Annotated[str, Field(min_length=1)]

_Permission = Annotated[Storable, Field(max_length=100)]
Permissions = Annotated[list[_Permission], Field(max_length=10 * len(PERMISSIONS))]
"""Names of permissions, some of them perhaps wrong or twice: who answers names them, and who keeps them
reads them with every request."""


def parse_id(text: str, thing: str) -> UUID:
    """The id in a path. Raises NotFound for what cannot be one: there is no such `thing`."""
    id = parse_uuid(text)
    if id is None:
        raise NotFound(f"There is no such {thing}")
    return id
