"""The log takes new rows and nothing else; concurrent writers queue up in one chain."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from audit.models import AuditEntry
from audit.services import record
from audit.snapshot import log_head
from audit.tests.tampering import findings


@pytest.mark.django_db
def test_it_refuses_an_update() -> None:
    record("A")
    with pytest.raises(IntegrityError, match="UPDATE is refused"):
        AuditEntry.objects.update(action="B")


@pytest.mark.django_db
def test_it_refuses_a_deletion() -> None:
    record("A")
    with pytest.raises(IntegrityError, match="DELETE is refused"):
        AuditEntry.objects.all().delete()


@pytest.mark.django_db
def test_it_refuses_truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_log ENABLE TRIGGER audit_log_no_truncate")
        with pytest.raises(IntegrityError, match="TRUNCATE is refused"):
            cursor.execute("TRUNCATE audit_log")


@pytest.mark.django_db
def test_an_entry_outlives_its_user_and_still_names_them(alice: AbstractBaseUser) -> None:
    entry = record("A", actor=alice)
    alice_id = alice.pk
    alice.delete()
    entry.refresh_from_db()
    assert (entry.user_id, entry.actor_id, entry.actor_username) == (None, alice_id, "alice")
    assert findings() == []


@pytest.mark.django_db
def test_a_user_cannot_be_put_in_afterwards(alice: AbstractBaseUser, bob: AbstractBaseUser) -> None:
    record("A", actor=alice)
    with pytest.raises(IntegrityError):
        AuditEntry.objects.update(user=bob)


@pytest.mark.django_db
def test_emptying_the_user_is_no_cover_for_another_change(alice: AbstractBaseUser) -> None:
    record("A", actor=alice)
    with pytest.raises(IntegrityError):
        AuditEntry.objects.update(user=None, action="B")


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_make_one_chain() -> None:
    together = Barrier(4)

    def write() -> None:
        together.wait()
        for _ in range(10):
            with transaction.atomic():
                record("A")
        connection.close()

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditEntry.objects.count() == 40
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_hole_in_the_chain() -> None:
    record("A")
    with transaction.atomic():
        record("B")
        transaction.set_rollback(True)
    record("C")
    assert findings() == []
    assert [entry.action for entry in AuditEntry.objects.all()] == ["C", "A"]


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_undone_and_done_again() -> None:
    call_command("migrate", "audit", "0001", verbosity=0)
    AuditEntry.objects.create(action="A", actor_username="x").delete()
    call_command("migrate", "audit", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_no_truncate")
        cursor.execute("ALTER TABLE audit_head DISABLE TRIGGER audit_head_no_truncate")
    assert record("A").seq


@pytest.mark.django_db(transaction=True)
def test_a_log_from_before_there_was_a_head_gets_one() -> None:
    call_command("migrate", "audit", "0002", verbosity=0)
    for name in "ABC":
        record(name)
    call_command("migrate", "audit", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_head DISABLE TRIGGER audit_head_no_truncate")
    assert log_head().entries == 3
    record("D")
    assert findings() == []
