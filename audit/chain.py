"""The hash chain of the audit log, recomputed without the database, and the verifier of an exported log.

    python chain.py export.jsonl [--public-key KEY] [--head SEQ:HASH]

This file is the whole verifier: copy it anywhere, it needs Python 3.11. Only to check signatures it imports
the package `cryptography`. Exit status: 0 whole, 1 something is wrong, 2 the file cannot be read, or a key
was named but signatures cannot be checked here.

The hash of an entry is the SHA-256, in lower-case hex, of these fields one after another:

    prev_hash  seq  id  created_at  action  actor_id  actor_username
    target_type  target_id  details  ip_address  request_id

Each field is its text in UTF-8 as a netstring: length in bytes, `:`, the bytes, `,`. A null is `-,`.
The text of `created_at` is `YYYY-MM-DDTHH:MM:SS.ffffffZ` in UTC; of `seq` the decimal number; of `id`,
`actor_id` and `request_id` the lower-case UUID with hyphens; of `ip_address` the address without a mask; of
`details` what PostgreSQL prints for the jsonb value (`details::text`): an export carries it unparsed.
`user_id` is left out: it empties when the user is deleted, while `actor_id` stays.

`prev_hash` is the hash of the entry with the next lower `seq`, and 64 zeros for the first. Gaps in `seq` mean
nothing (a rolled back transaction leaves one). The head of the log is the seq and the hash of the newest
entry and how many entries there ever were: so the newest cannot go missing. Where retention removed the
oldest entries, an entry AUDIT_PRUNED further on says up to which seq and hash, signed: it stands in for them.

What this cannot find: whoever may write the database and also computes every later hash and the head anew
leaves a log that looks whole, only shorter or different. Against that keep an export or a head (SEQ:HASH)
elsewhere and name it here; who has the secret key too can be found in no other way. And an entry added with
plain SQL is chained like any other.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

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
COLUMNS: Final = (*FIELDS, "hash")
PRUNED: Final = "AUDIT_PRUNED"
LINE_LENGTH: Final = 64 * 2**20  # more than PostgreSQL lets an entry be

T = TypeVar("T")
Entry = Mapping[str, str | None]  # COLUMNS, all as text


@dataclass(frozen=True)
class Break:
    """What does not fit, and where."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where} {self.reason}"


@dataclass(frozen=True)
class Point:
    """An entry as it is known from elsewhere."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Point:
        """From SEQ:HASH. Raises ValueError."""
        seq, _, digest = text.partition(":")
        if len(digest) != len(GENESIS):
            raise ValueError(f"{text} is not SEQ:HASH")
        return cls(int(seq), digest)

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True)
class Head(Point):
    """The newest entry; `entries` is how many there ever were, the pruned ones too."""

    entries: int

    @classmethod
    def of(cls, told: Any) -> Head:
        """Raises ValueError."""
        return cls(_member(told, "seq", int), _hash(told, "hash"), _member(told, "entries", int))


@dataclass(frozen=True)
class Checkpoint(Point):
    """The last entry that retention removed; `entries` is how many it has removed by then."""

    entries: int
    public_key: str
    signature: str

    @classmethod
    def of(cls, details: str | None) -> Checkpoint:
        """From the details of an entry AUDIT_PRUNED. Raises ValueError."""
        told = _object(details or "")
        head = Head.of(told)
        key, signature = _member(told, "publicKey", str), _member(told, "signature", str)
        return cls(head.seq, head.hash, head.entries, key, signature)


class Signatures:
    """Ed25519 (RFC 8032), keys and signatures in Base64. `trusted` are the keys that may sign; None: any."""

    def __init__(self, trusted: Collection[str] | None = None) -> None:
        self._trusted = trusted
        self.pinned = trusted is not None
        self.unchecked = False  # the package is missing

    def problem(self, message: bytes, public_key: str, signature: str) -> str | None:
        """Why the signature is not good, None when it is or cannot be checked here."""
        if self._trusted is not None and public_key not in self._trusted:
            return f"is signed by a key that is not trusted: {public_key!a}"
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            self.unchecked = True
            return None
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
            key.verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, ValueError, TypeError):
            return "has a signature that does not fit"
        return None


def entry_hash(entry: Entry) -> str:
    return sha256(_netstrings(entry[field] for field in FIELDS)).hexdigest()


def checkpoint_message(seq: int, digest: str, entries: int) -> bytes:
    """What the signature of a checkpoint signs."""
    return _netstrings((PRUNED, str(seq), digest, str(entries)))


def verify(
    entries: Iterable[Entry], head: Head, signatures: Signatures, known: Collection[Point] = ()
) -> Iterator[Break]:
    """The breaks in `entries`, which come in ascending order of seq and are all there are.

    `known` are entries that must be among them unless they were pruned.
    """
    log = Log(signatures, known)
    for entry in entries:
        yield from log.follow(entry)
    yield from log.end(head)


class Log:
    """The entries followed so far. Those of a `selection` need not be neighbours: each stands alone."""

    def __init__(
        self, signatures: Signatures, known: Collection[Point] = (), *, selection: bool = False
    ) -> None:
        self.last = Point(0, GENESIS)
        self.count = 0
        self.removed = 0  # entries that a checkpoint stands in for
        self._signatures = signatures
        self._known = {point.seq: point.hash for point in known if point.seq}  # an empty log has nothing
        self._selection = selection
        self._cut: Point | None = None  # the first entry's seq and prev_hash, until a checkpoint has both

    def follow(self, entry: Entry) -> Iterator[Break]:
        seq, digest = int(entry["seq"] or 0), str(entry["hash"])
        where = f"entry {seq}"
        if seq <= self.last.seq:
            yield Break(where, f"is out of order after {self.last.seq}")
        if not self._selection:
            yield from self._link(entry, seq)
        if digest != entry_hash(entry):
            yield Break(where, "was changed")
        if self._known.pop(seq, digest) != digest:
            yield Break(where, "is not the one known from elsewhere: the log was rewritten")
        if entry["action"] == PRUNED:
            yield from self.checkpoint(entry)
        self.last = Point(seq, digest)
        self.count += 1

    def _link(self, entry: Entry, seq: int) -> Iterator[Break]:
        if entry["prev_hash"] == self.last.hash:
            return
        if self.count == 0:
            self._cut = Point(seq, str(entry["prev_hash"]))  # a checkpoint further on may account for it
        else:
            yield Break(
                f"entry {seq}", "does not follow the entry before it: one is missing, moved or changed"
            )

    def checkpoint(self, entry: Entry) -> Iterator[Break]:
        """Let an entry AUDIT_PRUNED stand in for what is missing before the first entry."""
        where = f"entry {entry['seq']}"
        try:
            point = Checkpoint.of(entry["details"])
        except ValueError as error:
            yield Break(where, f"is no checkpoint: {error}")
            return
        message = checkpoint_message(point.seq, point.hash, point.entries)
        if problem := self._signatures.problem(message, point.public_key, point.signature):
            yield Break(where, problem)
        elif self._cut and self._cut.hash == point.hash and point.seq < self._cut.seq:
            self._cut, self.removed = None, point.entries
            self._known = {seq: digest for seq, digest in self._known.items() if seq > point.seq}

    def end(self, head: Head | None) -> Iterator[Break]:
        """After the last entry; without a head nobody can say which that is."""
        if self._selection:
            return
        if self._cut:
            yield Break(f"entry {self._cut.seq}", "follows entries that are missing, without a checkpoint")
        for seq, digest in self._known.items():
            yield Break(f"entry {seq}", f"is missing, known from elsewhere with the hash {digest}")
        if head:
            yield from self._newest(head)

    def _newest(self, head: Head) -> Iterator[Break]:
        if (head.seq, head.hash) != (self.last.seq, self.last.hash):
            yield Break("the head", f"is {head}, the newest entry is {self.last}")
        if head.entries != self.removed + self.count:
            yield Break("the head", f"counts {head.entries - self.removed} entries, there are {self.count}")


def _netstrings(values: Iterable[str | None]) -> bytes:
    return b"".join(map(_netstring, values))


def _netstring(value: str | None) -> bytes:
    if value is None:
        return b"-,"
    data = value.encode()
    return b"%d:%b," % (len(data), data)


def _object(text: str) -> dict[str, Any]:
    """A JSON object that names nothing twice, as two readers would take different ones. Raises ValueError."""
    try:
        value = json.loads(text, object_pairs_hook=_without_repetition)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("it names a member twice")
    return value


def _member(value: Any, name: str, kind: type[T]) -> T:
    member = value.get(name)
    if type(member) is not kind:  # True is no number
        raise ValueError(f"{name} is missing or of the wrong type")
    return member


def _hash(value: dict[str, Any], name: str) -> str:
    text = _member(value, name, str)
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError(f"{name} is no SHA-256")
    return text


# --- an exported file: a line about the export, one for each entry, the head, the signature of that line ---


class Unreadable(Exception):
    """The file is no export of an audit log."""


class Export:
    """One pass over an exported file, see `breaks`."""

    def __init__(self, file: BinaryIO, signatures: Signatures, known: Collection[Point] = ()) -> None:
        self.head: Head | None = None
        self.selection = False
        self.signed_by: str | None = None
        self.log = Log(signatures, known)
        self._file = file
        self._signatures = signatures
        self._known = known
        self._digest = sha256()
        self._head_line = b""

    def breaks(self) -> Iterator[Break]:
        """What does not fit, in the order of the file. Raises OSError, Unreadable."""
        number = 0
        for number, line in enumerate(_lines(self._file), 1):
            if number == 1 and not line.startswith(b"{"):
                raise Unreadable("it is no export in JSON Lines")
            try:
                yield from self._take(line, number)
            except ValueError as error:
                yield Break(f"line {number}", f"does not belong here: {error}")
            if not self._head_line:
                self._digest.update(line)
        if number == 0:
            raise Unreadable("it is empty")
        yield from self.log.end(self.head)
        if self.head is None:
            yield Break("the file", "has no head: its end is missing")
        elif self.signed_by is None:
            yield Break("the file", "is not signed")

    def _take(self, line: bytes, number: int) -> Iterator[Break]:
        """Raises ValueError for a line that is none of an export or comes at the wrong place."""
        value = _object(line.decode())
        kind = value.get("type")
        if (kind == "export") != (number == 1):
            raise ValueError("the first line, and no other, tells about the export")
        if kind == "export":
            self.selection = bool(_member(value, "filters", dict))
            self.log = Log(self._signatures, self._known, selection=self.selection)
        elif kind == "signature" and self._head_line:
            yield from self._signature(value)
        elif self._head_line:
            raise ValueError("it comes after the head")
        elif kind == "head":
            yield from self._take_head(line, value)
        else:
            yield from self.log.follow(_entry(value))

    def _take_head(self, line: bytes, value: dict[str, Any]) -> Iterator[Break]:
        self.head = Head.of(value)
        self._head_line = line
        if _member(value, "sha256", str) != self._digest.hexdigest():
            yield Break("the file", "is not as it was exported: the digest in its head is another")

    def _signature(self, value: dict[str, Any]) -> Iterator[Break]:
        self.signed_by = _member(value, "public_key", str)
        signature = _member(value, "signature", str)
        if problem := self._signatures.problem(self._head_line, self.signed_by, signature):
            yield Break("the head", problem)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """What is longer than LINE_LENGTH comes in pieces, which are no lines of an export."""
    while line := file.readline(LINE_LENGTH):
        yield line


def _entry(value: dict[str, Any]) -> Entry:
    """Raises ValueError."""
    if value.keys() != set(COLUMNS):
        raise ValueError("it is no entry")
    entry = value | {"seq": str(_member(value, "seq", int))}
    if not all(text is None or isinstance(text, str) for text in entry.values()):
        raise ValueError("a field is of the wrong type")
    _hash(entry, "hash")
    return entry


def verdict(export: Export, signatures: Signatures) -> str:
    """What can be said about an export without a break."""
    count, key = export.log.count, export.signed_by
    if export.selection:
        said = (
            f"The {count} selected entries are as exported. That none is missing only a whole export shows."
        )
    else:
        said = f"The log is whole: {count} entries, the head is {export.log.last}."
    if signatures.unchecked:
        return f"{said}\nSignatures were NOT checked: that needs the Python package cryptography."
    return f"{said}\nSigned by {key}" + ("." if signatures.pinned else " (pin it with --public-key)")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify an exported audit log (JSON Lines).")
    parser.add_argument("file", type=Path)
    parser.add_argument("--public-key", action="append", help="trust this key alone; may be repeated")
    parser.add_argument("--head", type=Point.parse, action="append", default=[], help="SEQ:HASH of before")
    options = parser.parse_args(arguments)
    signatures = Signatures(options.public_key)
    try:
        with options.file.open("rb") as file:
            export = Export(file, signatures, options.head)
            found = sum(_say(problem) for problem in export.breaks())
    except (OSError, Unreadable) as error:
        sys.stderr.write(f"{options.file} cannot be read: {error}\n")
        return 2
    if found:
        return 1
    _say(verdict(export, signatures))
    return 2 if signatures.pinned and signatures.unchecked else 0


def _say(what: object) -> int:
    return sys.stdout.write(f"{what}\n") > 0


if __name__ == "__main__":
    sys.exit(main())
