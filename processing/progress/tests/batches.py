"""Batches as rows: what ran, and how it went."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from processing.models import Job


def batch_of(user: User, **columns: Any) -> Job:
    return Job.objects.create(type="batch", status="processing", user=user, **columns)


def member(batch: Job, name: str, status: str, **columns: Any) -> Job:
    files = [f"{batch.pk}/input/{name}"]
    return Job.objects.create(
        type="resize", parent=batch, user=batch.user, status=status, input_files=files, **columns
    )
