"""What becomes of the jobs of a user who is deleted."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import user_services
from accounts.models import User
from processing import run_services, workspace
from processing.models import Job, JobStatus

pytestmark = pytest.mark.django_db


def job_of(user: User, status: JobStatus) -> tuple[Job, str]:
    job = Job.objects.create(type="resize", user=user, status=status, attempts=1)
    return job, workspace.save_input(job.id, "otter.png", ContentFile(b"bytes"))


def test_the_files_go_when_the_deletion_is_certain(
    admin: User,
    alice: User,
    bob: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    (job, key), (_, of_bob) = job_of(alice, JobStatus.COMPLETED), job_of(bob, JobStatus.COMPLETED)
    with django_capture_on_commit_callbacks(execute=True):
        user_services.user_delete(caller=admin, user_id=alice.pk)
        assert workspace.storage().exists(key)
    assert not workspace.storage().exists(key)
    assert workspace.storage().exists(of_bob)
    job.refresh_from_db()
    assert job.user is None


def test_nothing_tells_where_the_user_was(admin: User, alice: User) -> None:
    job, _ = job_of(alice, JobStatus.COMPLETED)
    Job.objects.update(ip_address="192.0.2.7", request_id=uuid4())
    user_services.user_delete(caller=admin, user_id=alice.pk)
    job.refresh_from_db()
    assert (job.ip_address, job.request_id) == (None, None)


def test_a_run_is_told_to_stop(admin: User, alice: User) -> None:
    running, _ = job_of(alice, JobStatus.PROCESSING)
    done, _ = job_of(alice, JobStatus.COMPLETED)
    user_services.user_delete(caller=admin, user_id=alice.pk)
    assert run_services.job_report(job=running, progress=0.5, stage="") is False
    done.refresh_from_db()
    assert not done.cancel_requested
