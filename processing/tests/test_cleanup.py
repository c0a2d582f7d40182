"""What the cleanup removes, what it never touches, and what happens when it is disturbed."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LoginAttempt, Session, User
from accounts.tests.races import together
from conftest import Api, session_of
from processing import workspace, workspace_mark
from processing.cleanup import cleaner, cleanup
from processing.models import Job, JobStatus
from processing.tests.requests import jpeg, post
from snapotter.common import deletion
from snapotter.common.locks import advisory_lock
from snapotter.runtime import store

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACES = ["file system", "remote"]


@pytest.fixture(params=PLACES, autouse=True)
def place(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> str:
    """An empty workspace, on disk or where only Django's storage API reaches."""
    backend = {
        "file system": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
        "remote": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }[request.param]
    settings.WORKSPACE_PATH = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    settings.STORAGES = settings.STORAGES | {"workspace": backend}
    workspace.storage().save("uploads/nothing", ContentFile(b""))  # else an empty one cannot be listed
    return str(request.param)


on_disk = pytest.mark.parametrize("place", PLACES[:1], indirect=True)


def job(
    status: JobStatus = JobStatus.COMPLETED,
    *,
    age: timedelta = DAY,
    over_since: timedelta | None = HOUR,
    parent: Job | None = None,
    files: bool = True,
) -> Job:
    """`over_since` None: its files are kept for ever."""
    now = timezone.now()
    row = Job.objects.create(
        type="resize",
        status=status,
        parent=parent,
        created_at=now - age,
        delete_after=None if over_since is None else now - over_since,
        bytes_in=5,
        bytes_out=2,
    )
    if files:
        workspace.save_input(row.pk, "otter.png", ContentFile(b"bytes"))
        workspace.storage().save(f"{row.pk}/1/result.png", ContentFile(b"ok"))
    return row


def has_files(row: Job) -> bool:
    return workspace.storage().exists(f"{row.pk}/input/otter.png")


def removed() -> dict[str, tuple[int, int, int]]:
    """What was something: its number, bytes and failures."""
    return {
        each.what: (each.count, each.bytes, each.failed)
        for each in cleanup()
        if each.count or each.bytes or each.failed
    }


def grow_old(job_id: uuid.UUID, age: timedelta) -> None:
    store, moment = workspace.storage(), timezone.now() - age
    for key in (f"{job_id}/input/otter.png", f"{job_id}/1/result.png"):
        if isinstance(store, InMemoryStorage):
            store._resolve(key).modified_time = moment  # type: ignore[attr-defined]  # not in the stubs
        else:
            os.utime(store.path(key), (moment.timestamp(), moment.timestamp()))


class TestFiles:
    def test_those_past_their_time_go_and_the_row_stays(self) -> None:
        over, young = job(), job(over_since=-HOUR)
        assert removed() == {"expired files of jobs": (1, 7, 0)}
        assert (has_files(over), has_files(young)) == (False, True)
        assert Job.objects.filter(pk=over.pk).exists()
        assert removed() == {}

    @pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.PROCESSING])
    def test_what_a_run_needs_stays_however_old(self, status: JobStatus) -> None:
        needed = job(status, age=400 * DAY, over_since=300 * DAY)
        assert removed() == {}
        assert has_files(needed)

    def test_those_that_are_kept_for_ever_stay(self) -> None:
        kept = job(over_since=None)
        assert removed() == {}
        assert has_files(kept)

    @pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELED])
    def test_those_of_a_job_without_result_are_kept_as_long(self, status: JobStatus) -> None:
        young, over = job(status, over_since=-HOUR), job(status)
        removed()
        assert (has_files(young), has_files(over)) == (True, False)

    def test_a_member_is_kept_as_long_as_its_batch(self) -> None:
        for parent in (job(over_since=-HOUR), job(JobStatus.PROCESSING), job(over_since=None)):
            member = job(parent=parent)
            removed()
            assert has_files(member)
        over = job(parent=job())
        removed()
        assert not has_files(over)

    def test_those_of_no_job_go_after_a_day(self) -> None:
        fresh, old = (job() for _ in range(2))
        grow_old(fresh.pk, DAY - HOUR)
        grow_old(old.pk, DAY + HOUR)
        Job.objects.all().delete()
        assert removed() == {"files without a job": (1, 0, 0)}
        assert (has_files(fresh), has_files(old)) == (True, False)

    def test_those_of_another_installation_stay(self) -> None:
        theirs, over = job(), job()
        grow_old(theirs.pk, 9 * DAY)
        Job.objects.filter(pk=theirs.pk).delete()
        workspace.storage().save(workspace_mark.MARK, ContentFile(b"another"))
        assert removed() == {"expired files of jobs": (1, 7, 0), "files without a job": (0, 0, 1)}
        assert has_files(theirs)
        assert not has_files(over)

    def test_a_dry_run_marks_no_workspace(self) -> None:
        cleanup(dry_run=True)
        assert not workspace.storage().exists(workspace_mark.MARK)
        cleanup()
        assert workspace.storage().exists(workspace_mark.MARK)

    def test_what_is_no_directory_of_a_job_stays(self) -> None:
        strange = [
            f"lost+found/{uuid.uuid4()}",
            "notes/a.txt",
            f"{str(uuid.uuid4()).upper()}/input/otter.png",
        ]
        for key in strange:
            workspace.storage().save(key, ContentFile(b"x"))
        removed()
        assert all(workspace.storage().exists(key) for key in strange)

    def test_the_page_says_expired_before_they_go(
        self, api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job_id = post(api.as_user(alice), jpeg(), {"width": 20}).json()["jobId"]
        Job.objects.update(created_at=timezone.now() - 31 * DAY, delete_after=None)
        seen: list[bool] = []
        delete = workspace.delete_job_files

        def watched(id: uuid.UUID) -> None:
            seen.append(api.as_user(alice).get(f"/api/v1/jobs/{job_id}").json()["expired"])
            delete(id)

        monkeypatch.setattr(workspace, "delete_job_files", watched)
        removed()
        assert seen == [True]


class TestDisturbed:
    def test_one_that_cannot_be_removed_keeps_nobody_from_removing_the_others(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stubborn, *others = [job() for _ in range(3)]
        delete = workspace.delete_job_files

        def fails(job_id: uuid.UUID) -> None:
            if job_id == stubborn.pk:
                raise OSError("the storage is away")
            delete(job_id)

        monkeypatch.setattr(workspace, "delete_job_files", fails)
        assert removed() == {"expired files of jobs": (2, 14, 1)}
        assert has_files(stubborn)
        assert not any(has_files(other) for other in others)
        monkeypatch.undo()
        assert removed() == {"expired files of jobs": (1, 7, 0)}

    def test_a_storage_that_is_away_is_told_and_the_rest_goes_on(
        self, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session = session_of(alice)
        Session.objects.update(expires_at=timezone.now() - HOUR)

        def away(prefix: str) -> None:
            raise OSError("the storage is away")

        monkeypatch.setattr(workspace.storage(), "listdir", away)
        assert removed() == {"jobs": (0, 0, 1), "expired sessions": (1, 0, 0)}
        assert not Session.objects.filter(pk=session.pk).exists()

    def test_killed_after_some_files_the_next_one_finishes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [job(age=31 * DAY) for _ in range(3)]
        delete = workspace.delete_job_files
        done: list[uuid.UUID] = []

        def killed(job_id: uuid.UUID) -> None:
            if done:
                raise KeyboardInterrupt
            delete(job_id)
            done.append(job_id)

        monkeypatch.setattr(workspace, "delete_job_files", killed)
        with pytest.raises(KeyboardInterrupt):
            cleanup()
        assert Job.objects.filter(delete_after__lt=timezone.now()).count() == 3
        monkeypatch.undo()
        assert removed() == {"expired files of jobs": (2, 14, 0), "jobs": (3, 0, 0)}
        assert not any(has_files(row) for row in rows)

    @on_disk
    def test_whoever_downloads_a_file_gets_all_of_it(self) -> None:
        row = job(files=False)
        key = workspace.save_input(row.pk, "large.png", ContentFile(b"x" * 3_000_000))
        with workspace.open_file(key) as file:
            begun = file.read(1000)
            removed()
            assert not workspace.storage().exists(key)
            assert len(begun + file.read()) == 3_000_000

    def test_a_download_that_comes_too_late_is_told_so(self, api: Api, alice: User) -> None:
        body = post(api.as_user(alice), jpeg(), {"width": 20}).json()
        Job.objects.update(delete_after=timezone.now() - HOUR)
        removed()
        answer = api.get(body["downloadUrl"])
        assert (answer.status_code, answer.json()["code"]) == (404, "EXPIRED")


class TestRows:
    def test_they_go_after_their_retention(self) -> None:
        old, young = job(age=31 * DAY), job(age=29 * DAY)
        assert removed() == {"expired files of jobs": (2, 14, 0), "jobs": (1, 0, 0)}
        assert [row.pk for row in Job.objects.all()] == [young.pk]
        assert not has_files(old)

    def test_with_them_go_files_that_were_kept_longer(self) -> None:
        old = job(age=31 * DAY, over_since=None)
        assert removed() == {"expired files of jobs": (1, 7, 0), "jobs": (1, 0, 0)}
        assert not has_files(old)

    def test_the_setting_decides_and_0_keeps_all(self) -> None:
        store.remember({"jobsRetentionDays": "0"}, 3600)
        job(age=4000 * DAY)
        removed()
        assert Job.objects.count() == 1
        store.remember({"jobsRetentionDays": "5"}, 3600)
        removed()
        assert Job.objects.count() == 0

    def test_members_go_with_their_batch_and_not_before(self) -> None:
        young = job(age=29 * DAY)
        for age in (29 * DAY, 31 * DAY):
            job(age=age, parent=young)
        old = job(age=31 * DAY)
        for _ in range(3):
            job(parent=old)
        removed()
        assert set(Job.objects.values_list("parent_id", flat=True)) == {None, young.pk}
        assert Job.objects.count() == 3

    def test_a_batch_with_a_member_under_way_stays(self) -> None:
        batch = job(age=31 * DAY)
        running = job(JobStatus.PROCESSING, age=31 * DAY, parent=batch)
        job(age=31 * DAY, parent=batch)
        removed()
        assert {row.pk for row in Job.objects.all()} == {batch.pk, running.pk}
        assert has_files(running)

    def test_no_transaction_deletes_more_than_a_chunk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        at_once: list[int] = []
        delete_some = deletion._delete_some

        def counted(rows: Any, size: int) -> int:
            at_once.append(delete_some(rows, 2))
            return at_once[-1]

        monkeypatch.setattr(deletion, "_delete_some", counted)
        batch = job(age=31 * DAY, files=False)
        for _ in range(5):
            job(age=31 * DAY, parent=batch, files=False)
        assert removed()["jobs"] == (6, 0, 0)
        assert [number for number in at_once if number] == [2, 2, 1, 1]

    def test_sessions_and_attempts_past_their_time_go(self, alice: User) -> None:
        now = timezone.now()
        live, over = session_of(alice), session_of(alice)
        Session.objects.filter(pk=over.pk).update(expires_at=now - HOUR)
        for age in (HOUR, 25 * HOUR):
            LoginAttempt.objects.create(key="name x", at=now - age)
        assert removed() == {
            "expired sessions": (1, 0, 0),
            "sign-in attempts": (1, 0, 0),
        }
        assert [session.pk for session in Session.objects.all()] == [live.pk]
        assert LoginAttempt.objects.count() == 1


@on_disk
class TestLeftOnDisk:
    @pytest.mark.parametrize("name", ["scratch/tmpabc/out.png", "uploads/x.upload"])
    def test_what_a_killed_process_left_goes_after_a_day(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        top = tmp_path / Path(*Path(name).parts[:2])
        old = (timezone.now() - DAY - HOUR).timestamp()
        os.utime(top, (old, old))
        os.utime(path, (old, old))
        (what,) = (each for each in cleanup(dry_run=True) if each.count)
        assert what.bytes >= 5
        assert path.exists()
        removed()
        assert not top.exists()

    def test_a_long_run_that_still_writes_keeps_its_directory(self, tmp_path: Path) -> None:
        directory = tmp_path / "scratch" / "tmpabc"
        directory.mkdir(parents=True)
        (directory / "progress").write_bytes(b"")
        old = (timezone.now() - 2 * DAY).timestamp()
        os.utime(directory, (old, old))
        removed()
        assert directory.exists()


class TestCleanup:
    def test_a_dry_run_counts_the_same_and_changes_nothing(self, alice: User) -> None:
        job(), job(age=31 * DAY, over_since=None), job(over_since=-HOUR)
        session_of(alice)
        Session.objects.update(expires_at=timezone.now() - HOUR)
        before = list(Job.objects.order_by("pk").values())
        with CaptureQueriesContext(connection) as queries:
            planned = {each.what: each.count for each in cleanup(dry_run=True)}
        assert not [query for query in queries if query["sql"].split()[0] in {"UPDATE", "DELETE", "INSERT"}]
        assert list(Job.objects.order_by("pk").values()) == before
        assert planned == {each.what: each.count for each in cleanup()}
        assert planned["expired files of jobs"] == 2

    def test_the_number_of_queries_does_not_grow_with_the_jobs(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                cleanup()
            return len(captured)

        queries()
        job(age=31 * DAY), job()
        few = queries()
        for _ in range(20):
            job(age=31 * DAY), job()
        assert queries() == few

    def test_the_command_prints_what_it_removes(self) -> None:
        job()
        told = StringIO()
        call_command("cleanup", "--dry-run", stdout=told)
        assert told.getvalue().startswith("Would be removed:\n  expired files of jobs")
        assert Job.objects.get().pk and "7 bytes" in told.getvalue()
        call_command("cleanup", stdout=told)
        assert "Removed:\n" in told.getvalue()

    def test_the_command_fails_when_something_could_not_be_removed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job()
        monkeypatch.setattr(workspace, "delete_job_files", lambda job_id: None)
        told = StringIO()
        with pytest.raises(CommandError, match="could not be removed"):
            call_command("cleanup", stdout=told)
        assert "1 failed" in told.getvalue()


@on_disk
class TestAtTheStart:
    @pytest.mark.parametrize(("setting", "left"), [("true", 0), ("false", 1)])
    def test_the_setting_decides(self, setting: str, left: int) -> None:
        store.remember({"startupCleanup": setting}, 3600)
        job(age=31 * DAY)
        cleaner()._first()
        assert Job.objects.count() == left


@on_disk
@pytest.mark.django_db(transaction=True)
def test_a_second_one_at_the_same_time_goes_home() -> None:
    with advisory_lock("snapotter.cleanup"):
        assert together(lambda: cleanup() == []) == [True]
        job()
    assert sum(each.count for each in cleanup()) == 1


@on_disk
@pytest.mark.django_db(transaction=True)
def test_several_at_once_remove_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even without the lock, as behind a pooler that gives each statement another connection."""
    from contextlib import nullcontext

    monkeypatch.setattr("processing.cleanup.advisory_lock_if_free", lambda name: nullcontext(True))
    for _ in range(30):
        job(age=31 * DAY)
    found: list[Any] = together(*[lambda: cleanup() or "nothing"] * 3)
    rows = [{each.what: each.count for each in each_run}["jobs"] for each_run in found]
    assert sum(rows) == 30
    assert all(not each.failed for each_run in found for each in each_run)
    assert not Job.objects.exists()
