"""What is declared of a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from snapotter.runtime.kinds import Kind

T = TypeVar("T")

MASK: Final = "********"


@dataclass(frozen=True)
class Definition(Generic[T]):
    """`default` is called when the table holds nothing; `reads` and `writes` are permissions.

    `title`, `help` and `unit` are for people; settings of one `group` belong together on a page. One that is
    `read_only` is written by the server alone (`services.write`).
    """

    name: str
    kind: Kind[T]
    default: Callable[[], T]
    group: str
    title: str
    help: str = ""
    unit: str = ""
    reads: str = "settings:read"
    writes: str = "settings:write"
    read_only: bool = False
    secret: bool = False

    def shown(self, value: T) -> str:
        """As it goes out: text, and nothing of a secret but that there is one."""
        text = self.kind.text(value)
        return MASK if self.secret and text else text
