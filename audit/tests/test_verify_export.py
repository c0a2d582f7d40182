"""The verifier of exported files: one script that needs neither Django nor this project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit import chain
from audit.chain import main
from audit.services import record
from audit.signing import public_key
from audit.tests.tampering import export_to, file_findings

pytestmark = pytest.mark.django_db

DIGEST = "the file is not as it was exported: the digest in its head is another"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A line about the export, four entries, head, signature."""
    for number, name in enumerate("ABCD"):
        record(f"ROLE_{name}", target_id=name, details={"größe": number, "line": "one\ntwo\u2028three"})
    return export_to(tmp_path / "log.jsonl")


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def changed(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> list[str]:
    path.write_bytes(b"".join(change(lines_of(path))))
    return file_findings(path)


def edited(line: bytes, **members: Any) -> bytes:
    return json.dumps(json.loads(line) | members, ensure_ascii=False).encode() + b"\n"


def resealed(lines: list[bytes]) -> list[bytes]:
    """With the digest and the head that fit; only the signature cannot be made."""
    body = b"".join(lines[:-2])
    last = json.loads(lines[-3])
    head = edited(
        lines[-2], sha256=sha256(body).hexdigest(), seq=last["seq"], hash=last["hash"], entries=len(lines) - 3
    )
    return [*lines[:-2], head, lines[-1]]


def rechained(lines: list[bytes]) -> list[bytes]:
    """Every hash computed anew, as somebody would who knows how."""
    previous, out = chain.GENESIS, [lines[0]]
    for line in lines[1:-2]:
        entry = json.loads(line) | {"prev_hash": previous}
        previous = chain.entry_hash(entry | {"seq": str(entry["seq"])})
        out.append(edited(line, prev_hash=entry["prev_hash"], hash=previous))
    return resealed([*out, *lines[-2:]])


def test_a_line_for_each_entry_and_three_around_them(export: Path) -> None:
    lines = [json.loads(line) for line in lines_of(export)]
    assert [line.get("type") for line in lines] == ["export", *[None] * 4, "head", "signature"]
    assert lines[1]["details"] == '{"line": "one\\ntwo\u2028three", "größe": 0}'
    assert file_findings(export) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:],
        lambda lines: [*lines[:1], *lines[2:]],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [*lines[:4], *lines[5:]],
        lambda lines: lines[:-1],
        lambda lines: lines[:-2],
        lambda lines: lines[:3],
        lambda lines: [*lines[:3], lines[3][:40]],
        lambda lines: [*lines[:5], lines[6]],
        lambda lines: [*lines[:2], *lines[1:]],
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        lambda lines: [*lines, lines[4]],
        lambda lines: [*lines[:5], lines[5], lines[5], lines[6]],
        lambda lines: [*lines, *lines],
        lambda lines: [line.replace(b"ROLE_C", b"ROLE_X") for line in lines],
        lambda lines: [line.replace(b"\n", b"\r\n") for line in lines],
        lambda lines: [*lines[:2], b"\n", *lines[2:]],
        lambda lines: [*lines[:2], b"\xff\xfe\n", *lines[2:]],
        lambda lines: [*lines[:2], b"[" * 100_000 + b"\n", *lines[2:]],
        lambda lines: [*lines[:2], b'{"seq": 1' + b"0" * 5000 + b"}\n", *lines[2:]],
        lambda lines: [*lines[:2], b'{"type": "other"}\n', *lines[2:]],
        lambda lines: [edited(lines[0], filters={"action": "ROLE_A"}), *lines[1:]],
        lambda lines: [lines[0], edited(lines[1], seq="1"), *lines[2:]],
        lambda lines: [lines[0], edited(lines[1], seq=True), *lines[2:]],
        lambda lines: [lines[0], edited(lines[1], details={}), *lines[2:]],
        lambda lines: [lines[0], edited(lines[1], extra="x"), *lines[2:]],
        lambda lines: [lines[0], lines[1][:-2] + b', "action": "ROLE_X"}\n', *lines[2:]],
        lambda lines: [lines[0], lines[1].replace(b"ROLE_A", b"\\ud800"), *lines[2:]],
        lambda lines: [*lines[:5], edited(lines[5], entries=5), lines[6]],
        lambda lines: [*lines[:5], edited(lines[5], exported_at="2020-01-01T00:00:00.000Z"), lines[6]],
        lambda lines: [*lines[:6], edited(lines[6], signature="AAAA")],
        lambda lines: [*lines[:6], edited(lines[6], signature="not Base64")],
        lambda lines: [*lines[:6], edited(lines[6], public_key="AAAA")],
        lambda lines: resealed([*lines[:4], *lines[5:]]),
        lambda lines: rechained([*lines[:2], edited(lines[2], action="ROLE_X"), *lines[3:]]),
    ],
)
def test_a_change_of_the_file_is_found(export: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    assert changed(export, change)
    assert main([str(export)]) == 1


def test_the_finding_names_the_entry_and_the_line(export: Path) -> None:
    seq = json.loads(lines_of(export)[3])["seq"]
    found = changed(export, lambda lines: [*lines[:3], edited(lines[3], action="X"), b"x\n", *lines[4:]])
    assert found[0] == f"entry {seq} was changed"
    assert found[1].startswith("line 5 does not belong here")
    assert DIGEST in found


def test_only_the_signature_tells_a_thorough_forgery(export: Path) -> None:
    found = changed(export, lambda lines: rechained([*lines[:2], edited(lines[2], action="X"), *lines[3:]]))
    assert found == ["the head has a signature that does not fit"]


def test_a_line_of_any_length_is_read_in_pieces(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "LINE_LENGTH", 1000)
    assert file_findings(export) == []
    found = changed(export, lambda lines: [*lines[:2], b"x" * 2500 + b"\n", *lines[2:]])
    assert [line for line in found if "does not belong" in line] != []


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n" * 100, b"seq,id\r\n1,2\r\n", b"[]\n", b"\0" * 9]
)
def test_what_is_no_export_cannot_be_read(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    assert main([str(tmp_path / "nothing")]) == 2
    assert main([str(tmp_path)]) == 2


def test_the_verdict_names_head_and_key(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(export)]) == 0
    told = capsys.readouterr().out
    assert "4 entries" in told
    assert public_key() in told
    assert "pin it" in told


def test_a_key_can_be_pinned(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(export), "--public-key", public_key()]) == 0
    assert "pin it" not in capsys.readouterr().out
    assert main([str(export), "--public-key", "another"]) == 1
    assert "not trusted" in capsys.readouterr().out


def test_a_head_known_from_before_is_looked_for(export: Path) -> None:
    entry = json.loads(lines_of(export)[2])
    assert main([str(export), "--head", f"{entry['seq']}:{entry['hash']}"]) == 0
    assert main([str(export), "--head", f"{entry['seq']}:{'0' * 64}"]) == 1
    assert main([str(export), "--head", f"{entry['seq'] + 100}:{entry['hash']}"]) == 1
    with pytest.raises(SystemExit, match="2"):
        main([str(export), "--head", "nonsense"])


def test_a_selection_says_what_it_cannot_tell(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    selection = export_to(tmp_path / "b.jsonl", {"action": "ROLE_B"})
    assert len(lines_of(selection)) == 4
    assert main([str(selection)]) == 0
    assert "only a whole export shows" in capsys.readouterr().out
    assert DIGEST in changed(selection, lambda lines: [lines[0], *lines[2:]])


def test_a_selection_of_nothing_is_as_exported(tmp_path: Path) -> None:
    assert main([str(export_to(tmp_path / "none.jsonl", {"action": "NOTHING\0"}))]) == 0


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The script alone, out of reach of the project."""
    place = tmp_path / "auditor"
    place.mkdir()
    return Path(shutil.copy(chain.__file__, place / "chain.py"))


def run(script: Path, *arguments: str | Path, isolated: bool) -> subprocess.CompletedProcess[str]:
    """`isolated` leaves only the standard library."""
    flags = ["-I", "-S"] if isolated else ["-I"]
    return subprocess.run(
        [sys.executable, *flags, str(script), *arguments], cwd=script.parent, capture_output=True, text=True
    )


def test_the_script_alone_verifies_with_the_standard_library(export: Path, copied: Path) -> None:
    done = run(copied, export, isolated=True)
    assert done.returncode == 0, done.stderr
    assert "NOT checked" in done.stdout
    export.write_bytes(export.read_bytes().replace(b"ROLE_C", b"ROLE_X"))
    assert run(copied, export, isolated=True).returncode == 1


def test_a_pinned_key_that_cannot_be_checked_is_no_success(export: Path, copied: Path) -> None:
    assert run(copied, export, "--public-key", public_key(), isolated=True).returncode == 2
    assert run(copied, export, "--public-key", public_key(), isolated=False).returncode == 0
