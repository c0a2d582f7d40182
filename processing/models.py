"""Jobs and saved pipelines. The `jobs` row is the truth about a job; whatever carries it is transport."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from processing.fields import RealField

USER = settings.AUTH_USER_MODEL  # here, as a job has a column named `settings`
PIPELINE = "pipeline"
"""The type of a job that runs several tools."""
BATCH = "batch"
"""The type of a job that stands for its members."""


class JobStatus(models.TextChoices):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


UNDONE = (JobStatus.FAILED, JobStatus.CANCELED)
FINISHED = (JobStatus.COMPLETED, *UNDONE)


class Job(models.Model):
    """One run of a tool, a pipeline or a batch.

    `type` is the tool's id, `pipeline` or `batch`. `input_files` are storage keys in the workspace,
    `output_path` is the key of the first output; `result` describes all of them (see processing.results).
    `lease_until` is how long a running job may go unheard of before others take it for dead,
    `delete_after` when its files go, of a member once its batch has ended. `client_job_id` is the name its
    user may call it by. `ip_address` and `request_id` say where it was asked for (see processing.origin),
    `retry_of` which job it is to make good.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.CharField(max_length=100)
    tool_id = models.CharField(max_length=100, blank=True, default="")
    status = models.CharField(max_length=20, default=JobStatus.QUEUED)
    progress = RealField(default=0.0)
    stage = models.CharField(max_length=200, blank=True, default="")
    input_files = models.JSONField(default=list)
    output_path = models.CharField(max_length=1024, blank=True, default="")
    settings = models.JSONField(default=dict)
    client_job_id = models.CharField(max_length=128, blank=True, default="")
    result = models.JSONField(null=True)
    error = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=100, blank=True, default="")
    user = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="jobs")
    parent = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        related_name="members",
        db_index=False,  # jobs_members begins with it
    )
    retry_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="retries", db_index=False
    )
    attempts = models.IntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    ip_address = models.GenericIPAddressField(null=True)
    request_id = models.UUIDField(null=True)
    bytes_in = models.BigIntegerField(default=0)
    bytes_out = models.BigIntegerField(default=0)
    duration_ms = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    delete_after = models.DateTimeField(null=True)

    class Meta:
        db_table = "jobs"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="jobs_created"),  # for the administration
            # These two tell alone what is on a page of a list, and how many pages there are: selectors.listed
            models.Index(
                fields=["-created_at", "id"],
                include=["status", "type"],
                condition=models.Q(parent=None),
                name="jobs_recent",
            ),
            models.Index(
                fields=["user", "-created_at", "id"],
                include=["status", "type"],
                condition=models.Q(parent=None),
                name="jobs_owner_recent",
            ),
            models.Index(fields=["status", "lease_until"], name="jobs_status_lease"),
            models.Index(fields=["parent", "created_at"], name="jobs_members"),
            # These three are for queue.waiting_batches: it is asked for each member, and must read neither
            # the others nor what the user ran before
            models.Index(
                fields=["user"],
                condition=models.Q(type=BATCH, status__in=(JobStatus.QUEUED, JobStatus.PROCESSING)),
                name="jobs_unfinished_batches",
            ),
            models.Index(
                fields=["parent", "created_at", "id"],
                condition=models.Q(parent__isnull=False, status=JobStatus.QUEUED),
                name="jobs_members_waiting",
            ),
            models.Index(
                fields=["parent", "-started_at"],
                condition=models.Q(parent__isnull=False, started_at__isnull=False),
                name="jobs_members_started",
            ),
            models.Index(fields=["delete_after"], name="jobs_delete_after"),
            models.Index(
                fields=["user", "client_job_id"],
                condition=~models.Q(client_job_id=""),
                name="jobs_client_job_id",
            ),
            models.Index(
                fields=["retry_of"], condition=models.Q(retry_of__isnull=False), name="jobs_retry_of"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=JobStatus.values), name="jobs_status_known"),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0.0, progress__lte=1.0),
                name="jobs_progress_in_unit_interval",
            ),
            models.CheckConstraint(condition=models.Q(attempts__gte=0), name="jobs_attempts_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def is_batch(self) -> bool:
        return self.type == BATCH

    @property
    def is_pipeline(self) -> bool:
        """Whether it is a run of a pipeline, or a batch of them."""
        return self.type in (PIPELINE, BATCH) and "steps" in self.settings

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What is done to its file, or to each file of a batch, as a saved pipeline holds it."""
        if self.type not in (PIPELINE, BATCH):
            return [{"toolId": self.type, "settings": self.settings}]
        return [step for step in self.settings.get("steps", [self.settings]) if "toolId" in step]

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def is_expired(self) -> bool:
        """Whether its files are gone, or may go any moment."""
        return self.is_finished and self.delete_after is not None and self.delete_after < timezone.now()

    @property
    def input_name(self) -> str:
        """What its file is called; empty for a batch, which has none of its own."""
        return PurePosixPath(self.input_files[0]).name if self.input_files else ""


class Pipeline(models.Model):
    """A saved chain of tools: `steps` is a list of {toolId, settings}."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True, default="")
    steps = models.JSONField(default=list)
    user = models.ForeignKey(USER, on_delete=models.CASCADE, null=True, related_name="pipelines")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "pipelines"
        indexes = [models.Index(fields=["user", "-created_at"], name="pipelines_owner_recent")]

    def __str__(self) -> str:
        return self.name
