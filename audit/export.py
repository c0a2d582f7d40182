"""The audit log as a file: JSON Lines, which `audit.chain` verifies anywhere, or CSV, for spreadsheets.

Written from one moment of the log in constant memory. A JSON Lines file has a line about the export, one for
each entry (with `details` as the text that PostgreSQL prints, because the hash is made of that), the head of
the log with the SHA-256 of all lines before, and the signature of the head's line. With filters it is a
selection: each entry can be checked, that none is missing cannot. CSV cannot be verified.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from audit.chain import FIELDS, Entry, Head
from audit.models import AuditEntry
from audit.services import record
from audit.signing import public_key, sign
from audit.snapshot import snapshot
from snapotter.common.wire import iso_milliseconds

FORMATS: Final = ("jsonl", "csv")
_ORDER: Final = (*FIELDS[1:], "prev_hash", "hash")  # for people: the number first, the hashes last
# A spreadsheet would compute what begins so (CWE-1236), some of them in full width too
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def audit_export(
    write: Callable[[bytes], object],
    *,
    format: str,
    rows: QuerySet[AuditEntry],
    filters: Mapping[str, str],
) -> int:
    """Write `rows`, oldest first, in one of FORMATS; returns how many. That it was done is an entry itself.

    `filters` says how the rows were chosen, and is empty only when they are all there are.
    """
    lines = _json_lines if format == "jsonl" else _csv_lines
    told = {name: value.replace("\0", "") for name, value in filters.items()}  # which jsonb cannot hold
    with snapshot(rows) as (head, entries):
        counted = _Counted(entries)
        for line in lines(counted, head, told):
            write(line)
    details = {"format": format, "filters": told, "entries": counted.count}
    record("AUDIT_EXPORTED", details=details)
    return counted.count


class _Counted:
    def __init__(self, entries: Iterable[Entry]) -> None:
        self.count = 0
        self._entries = entries

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self.count += 1
            yield entry


def _json_lines(entries: Iterable[Entry], head: Head, filters: Mapping[str, str]) -> Iterator[bytes]:
    digest = sha256()
    moment = iso_milliseconds(timezone.now())
    about = {"type": "export", "version": 1, "exported_at": moment, "filters": filters}
    for value in _before_head(about, entries):
        line = _line(value)
        digest.update(line)
        yield line
    end = {"type": "head", "seq": head.seq, "hash": head.hash, "entries": head.entries}
    line = _line(end | {"exported_at": moment, "sha256": digest.hexdigest()})
    yield line
    signature = {"algorithm": "Ed25519", "public_key": public_key(), "signature": sign(line)}
    yield _line({"type": "signature"} | signature)


def _before_head(about: dict[str, Any], entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    yield about
    for entry in entries:
        yield {name: entry[name] for name in _ORDER} | {"seq": int(entry["seq"] or 0)}


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _csv_lines(entries: Iterable[Entry], head: Head, filters: Mapping[str, str]) -> Iterator[bytes]:
    writer = csv.writer(_Passing())
    yield b"\xef\xbb\xbf"  # without this mark spreadsheets take UTF-8 for something else
    yield writer.writerow(_ORDER)
    for entry in entries:
        yield writer.writerow([_cell(entry[name]) for name in _ORDER])


class _Passing:
    """Hands back what `csv` writes, so that no row is kept."""

    def write(self, text: str) -> bytes:
        return text.encode()


def _cell(text: str | None) -> str | None:
    return f"'{text}" if text and text.startswith(_FORMULA) else text
