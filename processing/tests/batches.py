"""Batches as scripts post them, and as rows."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from conftest import Api
from processing.models import Job
from processing.tests.requests import content_of, jpeg

BATCH = "/api/v1/tools/image/resize/batch"
BAD = b"no picture at all"

File = tuple[str, bytes]


def pictures(*names: str) -> list[File]:
    content = jpeg()
    return [(name, content) for name in names]


def post_batch(
    client: Api,
    files: Sequence[File],
    settings: Any = None,
    *,
    url: str = BATCH,
    prefer: str = "",
    **parts: Any,
) -> Any:
    parts["file"] = [SimpleUploadedFile(name, content) for name, content in files]
    if settings is not None:
        parts["settings"] = settings if isinstance(settings, str) else json.dumps(settings)
    return client.post(url, parts, headers={"Prefer": prefer} if prefer else {})


def queued_batch(client: Api, files: Sequence[File], **options: Any) -> Job:
    """A batch that waits for workers."""
    answer = post_batch(client, files, {"width": 50}, prefer="respond-async", **options)
    assert answer.status_code == 202, answer.content
    return Job.objects.filter(type="batch").latest("created_at")


def members(batch: Job) -> list[Job]:
    return list(Job.objects.filter(parent=batch).order_by("created_at"))


def states(batch: Job) -> list[str]:
    return [member.status for member in members(batch)]


def zip_of(answer: Any) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content_of(answer)))


def batch_row(user: User, **columns: Any) -> Job:
    """A batch that runs; `member_row` adds its files."""
    return Job.objects.create(type="batch", status="processing", user=user, **columns)


def member_row(batch: Job, name: str, status: str, **columns: Any) -> Job:
    files = [f"{batch.pk}/input/{name}"]
    return Job.objects.create(
        type="resize", parent=batch, user=batch.user, status=status, input_files=files, **columns
    )
