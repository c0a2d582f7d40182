"""The log as a file: what is in it, who may have it, and what it costs."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse

from accounts.models import User
from audit import context, download
from audit.chain import main
from audit.context import RequestContext
from audit.export import audit_export
from audit.models import AuditEntry
from audit.services import record
from audit.tests.tampering import sql
from conftest import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/audit-log/export"


@pytest.fixture
def auditor(api: Api, admin: User) -> Api:
    return api.as_user(admin)


def json_lines(response: HttpResponse) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.content.splitlines()]


def actions(response: HttpResponse) -> list[str]:
    return [line["action"] for line in json_lines(response) if "type" not in line]


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_whole_log_is_an_attachment_that_verifies(auditor: Api, tmp_path: Path) -> None:
    record("ROLE_CREATED", details={"name": "größe 水獺\n\u2028"})
    response = auditor.get(URL)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-ndjson"
    assert response["Content-Disposition"].startswith('attachment; filename="audit-log-')
    assert ".jsonl" in response["Content-Disposition"]
    assert response["Cache-Control"] == "no-store"
    assert int(response["Content-Length"]) == len(response.content)
    path = tmp_path / "log.jsonl"
    path.write_bytes(response.content)
    assert main([str(path)]) == 0


def test_it_comes_oldest_first(auditor: Api) -> None:
    for name in ("FIRST", "SECOND", "THIRD"):
        record(name)
    assert actions(auditor.get(URL)) == ["FIRST", "SECOND", "THIRD"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"action": "B"}, ["B"]),
        ({"action": "B\0"}, []),
        ({"from": "2026-01-02"}, ["B", "C"]),
        ({"to": "2026-01-02"}, ["A", "B"]),
        ({"from": "2026-01-02", "to": "2026-01-02"}, ["B"]),
        ({"ip": "192.0.2.1"}, ["A", "B", "C"]),
        ({"ip": "nowhere"}, []),
    ],
)
def test_it_is_narrowed_down_as_the_list_is(auditor: Api, query: dict[str, str], found: list[str]) -> None:
    for day, action in enumerate("ABC", 1):
        AuditEntry.objects.create(
            action=action, actor_username="x", created_at=f"2026-01-0{day}T12:00Z", ip_address="192.0.2.1"
        )
    response = auditor.get(URL, query)
    assert actions(response) == found
    told = {name: value.replace("\0", "") for name, value in query.items()}
    assert json_lines(response)[0]["filters"] == told


def test_that_somebody_took_it_is_recorded(auditor: Api, admin: User) -> None:
    record("LOGOUT")
    auditor.get(URL, {"format": "csv", "action": "LOGOUT"}, REMOTE_ADDR="192.0.2.7")
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.action, entry.actor_id, entry.actor_username) == ("AUDIT_EXPORTED", admin.pk, "admin")
    assert (entry.ip_address, entry.target_type) == ("192.0.2.7", "audit")
    assert entry.request_id is not None
    assert entry.details == {"format": "csv", "filters": {"action": "LOGOUT"}, "entries": 1}


def test_who_may_not_audit_gets_nothing_and_leaves_no_entry(api: Api, alice: User) -> None:
    assert api.get(URL).status_code == 401
    assert api.as_user(alice).get(URL).status_code == 403
    assert not AuditEntry.objects.filter(action="AUDIT_EXPORTED").exists()


@pytest.mark.parametrize("format", ["", "xml", "JSONL", "csv\0"])
def test_another_format_is_refused(auditor: Api, format: str) -> None:
    response = auditor.get(URL, {"format": format})
    assert response.status_code == 400
    assert response.json()["code"] == "VALIDATION_ERROR"


def test_csv_is_a_table_of_the_same_entries(auditor: Api, alice: User) -> None:
    with context.use(RequestContext(ip_address="2001:db8::1")):
        entry = record("ROLE_CREATED", actor=alice, details={"name": 'größe, "水獺"\r\n2'})
    response = auditor.get(URL, {"format": "csv"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = table(response.content)
    assert (row["seq"], row["id"], row["actor_username"]) == (str(entry.seq), str(entry.pk), "alice")
    assert (row["ip_address"], row["request_id"]) == ("2001:db8::1", str(entry.request_id))
    assert json.loads(row["details"]) == entry.details


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_of_csv_is_a_formula(auditor: Api, start: str) -> None:
    attack = f'{start}HYPERLINK("https://evil.example")'
    record("LOGIN_FAILED", target_id=attack, details={"username": attack})
    (row,) = table(auditor.get(URL, {"format": "csv"}).content)
    assert row["actor_username"] == f"'{attack}"
    assert row["target_id"] == f"'{attack}"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row.values())


def test_a_full_workspace_is_no_place_for_an_export(auditor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "RESERVE", 2**62)
    response = auditor.get(URL)
    assert (response.status_code, response.json()["code"]) == (503, "NO_ROOM")
    monkeypatch.undo()
    assert auditor.get(URL).status_code == 200


def test_more_at_once_than_it_takes_are_asked_to_wait(auditor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []

    def write(*args: Any, **kwargs: Any) -> int:
        answers.append(auditor.get(URL).status_code)  # somebody else, while this one is being written
        return 0

    monkeypatch.setattr(download, "audit_export", write)
    assert auditor.get(URL).status_code == 200
    assert answers == [429, 200]
    assert auditor.get(URL).status_code == 200


def test_it_is_not_held_in_memory(django_assert_max_num_queries: Any) -> None:
    sql(
        "INSERT INTO audit_log (id, action, actor_username, details)"
        " SELECT gen_random_uuid(), 'X', 'x', jsonb_build_object('a', repeat('x', 2000))"
        " FROM generate_series(1, 12000)"
    )
    size = 0

    def write(data: bytes) -> None:
        nonlocal size
        size += len(data)

    tracemalloc.start()
    with django_assert_max_num_queries(10):
        audit_export(write, format="jsonl", rows=AuditEntry.objects.all(), filters={})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 24_000_000
    assert peak < size / 2


@pytest.fixture
def output(capsysbinary: pytest.CaptureFixture[bytes]) -> Iterator[Callable[[], bytes]]:
    yield lambda: capsysbinary.readouterr().out


def test_the_command_writes_to_standard_output(output: Callable[[], bytes], tmp_path: Path) -> None:
    record("ROLE_CREATED", details={"name": "größe"})
    call_command("audit_export")
    path = tmp_path / "log.jsonl"
    path.write_bytes(output())
    assert main([str(path)]) == 0


def test_the_command_writes_a_new_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    record("A")
    record("B")
    call_command("audit_export", "--format", "csv", "--action", "B", "--output", str(path))
    assert [row["action"] for row in table(path.read_bytes())] == ["B"]
    with pytest.raises(CommandError, match="exists"):
        call_command("audit_export", "--output", str(path))


@pytest.mark.parametrize("wrong", [("--from", "yesterday"), ("--to", "nul\0"), ("--format", "xml")])
def test_the_command_refuses_what_it_does_not_know(wrong: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=wrong[0]):
        call_command("audit_export", *wrong)


def test_an_export_is_something_to_compare_a_later_log_with(tmp_path: Path) -> None:
    record("A")
    path = tmp_path / "log.jsonl"
    call_command("audit_export", "--output", str(path))
    record("B")
    call_command("audit_verify", "--against", str(path))
    path.write_bytes(path.read_bytes().replace(b'"A"', b'"B"'))
    with pytest.raises(CommandError, match="no good export"):
        call_command("audit_verify", "--against", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("audit_verify", "--against", str(tmp_path))
