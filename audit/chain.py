"""The hash chain of the audit log, recomputed without the database.

The hash of an entry is the SHA-256, in lower-case hex, of these fields one after another:

    prev_hash  seq  id  created_at  action  actor_id  actor_username
    target_type  target_id  details  ip_address  request_id

Each field is its text in UTF-8 as a netstring: length in bytes, `:`, the bytes, `,`. A null is `-,`.
The text of `created_at` is `YYYY-MM-DDTHH:MM:SS.ffffffZ` in UTC; of `seq` the decimal number; of `id`,
`actor_id` and `request_id` the lower-case UUID with hyphens; of `ip_address` the address without a mask; of
`details` what PostgreSQL prints for the jsonb value (`details::text`): an export must carry it unparsed.
`user_id` is left out: it empties when the user is deleted, while `actor_id` stays.

`prev_hash` is the hash of the entry with the next lower `seq`, and 64 zeros for the first. Gaps in `seq` mean
nothing (a rolled back transaction leaves one). What a chain cannot show by itself is that its newest entries
are missing: keep the last hash elsewhere and compare.

This module imports nothing but the standard library, so it can verify an exported file anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

GENESIS: Final = "0" * 64
FIELDS: Final = (
    "prev_hash",
    "seq",
    "id",
    "created_at",
    "action",
    "actor_id",
    "actor_username",
    "target_type",
    "target_id",
    "details",
    "ip_address",
    "request_id",
)

Entry = Mapping[str, str | None]  # FIELDS and `hash`, all as text


@dataclass(frozen=True)
class Break:
    """An entry that does not fit: changed itself, or not following the entry before it."""

    seq: str
    reason: str


def entry_hash(entry: Entry) -> str:
    return sha256(b"".join(_netstring(entry[field]) for field in FIELDS)).hexdigest()


def verify(entries: Iterable[Entry]) -> Iterator[Break]:
    """The breaks in `entries`, which come in ascending order of seq, from the first of the log on."""
    previous, last = GENESIS, 0
    for entry in entries:
        seq = str(entry["seq"])
        if int(seq) <= last:
            yield Break(seq, f"out of order after {last}")
        if entry["prev_hash"] != previous:
            yield Break(seq, "does not follow the entry before it: one is missing, moved or changed")
        if entry["hash"] != entry_hash(entry):
            yield Break(seq, "was changed")
        previous, last = str(entry["hash"]), int(seq)


def _netstring(value: str | None) -> bytes:
    if value is None:
        return b"-,"
    data = value.encode()
    return b"%d:%b," % (len(data), data)
