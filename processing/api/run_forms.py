"""The form that asks for a run, and the answer to it: the same of tools, pipelines and their batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from django.core.files.uploadedfile import UploadedFile
from rest_framework.request import Request
from rest_framework.response import Response

from processing.api.answers import accepted_answer, tool_answer
from processing.job_names import IN_WORDS, is_job_name
from processing.models import Job
from processing.results import error_of
from processing.tooling import ToolUnavailable
from processing.uploads import uploads_of
from snapotter.common.errors import ValidationFailed


class RunOptions(TypedDict):
    client_job_id: str
    wait: bool


@dataclass(frozen=True)
class RunForm:
    """`settings` and `pipeline` are JSON as text, empty when they were not sent. `wait` is whether the answer
    may take up to SYNC_WAIT_MS."""

    uploads: list[UploadedFile[bytes]]
    settings: str
    pipeline: str
    client_job_id: str
    wait: bool

    @classmethod
    def of(cls, request: Request) -> RunForm:
        """Raises ValidationFailed for a `clientJobId` that is no name and for any `saveMode`, ToolUnavailable
        for `fileId`."""
        _refuse_library(request)
        return cls(
            uploads=uploads_of(request.FILES),
            settings=request.POST.get("settings", ""),
            pipeline=request.POST.get("pipeline", ""),
            client_job_id=_client_job_id(request),
            wait=not _wants_no_wait(request),
        )

    @property
    def options(self) -> RunOptions:
        """How to run, as the functions of `processing.runs` take it."""
        return {"client_job_id": self.client_job_id, "wait": self.wait}


def _refuse_library(request: Request) -> None:
    """Better refused than accepted and not done: the caller believes the result is kept."""
    if request.POST.get("fileId"):
        raise ToolUnavailable(
            "Saving a result as a version of a library file is not available in this version"
        )
    if mode := request.POST.get("saveMode"):
        raise ValidationFailed(f"saveMode {mode[:50]!r} is not known; leave it out")


def _client_job_id(request: Request) -> str:
    name = request.POST.get("clientJobId", "")
    if name and not is_job_name(name):
        raise ValidationFailed(f"clientJobId must be {IN_WORDS}")
    return name


def _wants_no_wait(request: Request) -> bool:
    """RFC 7240: `Prefer: respond-async`, alone or among others."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(preference.split(";")[0].strip().lower() == "respond-async" for preference in preferences)


def answered(job: Job) -> Response:
    """200 for a result, 202 for a job that goes on. Raises the error of one that failed."""
    error = error_of(job)
    if error is not None:
        raise error
    if not job.is_finished:
        return accepted(job)
    return Response(tool_answer(job))


def accepted(job: Job) -> Response:
    return Response(accepted_answer(job), status=202)
