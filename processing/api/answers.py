"""Jobs and results as programs see them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from processing.batches.selectors import members_of
from processing.batches.tally import tally_of
from processing.models import Job
from processing.results import JobResult, StoredOutput
from processing.signing import download_url
from snapotter.common.paging import Page
from snapotter.common.wire import Timestamp, WireModel


class Download(WireModel):
    filename: str
    download_url: str


class ToolAnswer(WireModel):
    """A finished run. Tools may add members of their own."""

    job_id: UUID
    download_url: str | None = None
    preview_url: str | None = None
    original_size: int
    processed_size: int
    downloads: list[Download] | None = None


class JobOutput(Download):
    mime_type: str
    size: int
    width: int | None
    height: int | None


class BatchFileBody(WireModel):
    """A file of a batch: a job of its own. `index` is its place in the upload, from 0."""

    index: int
    job_id: UUID
    filename: str
    status: str
    progress: float
    error: str | None
    error_code: str | None
    original_size: int
    processed_size: int | None
    downloads: list[Download]


class BatchBody(WireModel):
    """How far a batch is, and a page of its files. `completed_files` counts failed and canceled ones too."""

    total_files: int
    completed_files: int
    failed_files: int
    files: list[BatchFileBody]
    page: int
    limit: int


class JobBody(WireModel):
    id: UUID
    type: str
    tool_id: str | None
    parent_id: UUID | None
    retry_of: UUID | None
    """The job that it is to make good, as long as that is in the history."""
    status: str
    progress: float
    stage: str | None
    error: str | None
    error_code: str | None
    settings: dict[str, Any]
    original_size: int
    processed_size: int | None
    duration_ms: int | None
    created_at: Timestamp
    started_at: Timestamp | None
    completed_at: Timestamp | None
    expires_at: Timestamp | None
    expired: bool
    """The files are gone; only this row is left."""
    inputs: list[Download]
    outputs: list[JobOutput]
    preview_url: str | None
    batch: BatchBody | None = None
    """Of a batch that is asked for alone."""


class JobList(WireModel):
    jobs: list[JobBody]
    total: int
    page: int
    limit: int


class Canceled(WireModel):
    canceled: bool


def tool_answer(job: Job) -> dict[str, Any]:
    """The 200 body of a tool. Absent members are left out, the tool's own are merged in."""
    result = JobResult.load(job.result)
    downloads = [_download(job, output.name) for output in result.outputs]
    answer = ToolAnswer(
        job_id=job.pk,
        download_url=downloads[0].download_url if downloads else None,
        preview_url=download_url(job.pk, result.preview.name) if result.preview else None,
        original_size=job.bytes_in,
        processed_size=job.bytes_out,
        downloads=downloads if len(downloads) > 1 else None,
    )
    return result.data | {name: value for name, value in answer.wire().items() if value is not None}


def accepted_answer(job: Job) -> dict[str, Any]:
    """The 202 body: the run goes on, follow `GET /api/v1/jobs/<jobId>`. A client's own id names it too."""
    if not job.client_job_id:
        return {"jobId": str(job.pk), "async": True}
    name = job.client_job_id
    return {"jobId": name, "progressJobId": name, "artifactJobId": str(job.pk), "async": True}


def job_body(job: Job) -> JobBody:
    result = JobResult.load(job.result)
    expired = job.is_expired
    return JobBody(
        id=job.pk,
        type=job.type,
        tool_id=job.tool_id or None,
        parent_id=job.parent_id,
        retry_of=job.retry_of_id,
        status=job.status,
        progress=job.progress,
        stage=job.stage or None,
        error=job.error or None,
        error_code=job.error_code or None,
        settings=job.settings,
        original_size=job.bytes_in,
        processed_size=job.bytes_out or None,
        duration_ms=job.duration_ms,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        expires_at=job.delete_after,
        expired=expired,
        inputs=[_download(job, job.input_name, of_input=True)] if _has_input(job) else [],
        outputs=[] if expired else [_output(job, output) for output in result.outputs],
        preview_url=None if expired or not result.preview else download_url(job.pk, result.preview.name),
    )


def _has_input(job: Job) -> bool:
    """Not: what was refused when it was sent, and a batch, whose members have them."""
    return bool(job.input_files and job.bytes_in) and not job.is_expired


def batch_body(batch: Job, page: Page) -> BatchBody:
    """One page of its files, and the figures of all."""
    tally = tally_of(batch)
    members = members_of(batch)[page.start : page.stop]
    return BatchBody(
        total_files=tally.total,
        completed_files=tally.ended,
        failed_files=tally.undone,
        files=[
            _file_body(member, index, expired=batch.is_expired)
            for index, member in enumerate(members, page.start)
        ],
        page=page.number,
        limit=page.limit,
    )


def _file_body(member: Job, index: int, *, expired: bool) -> BatchFileBody:
    """`expired`: the files of its batch are gone."""
    outputs = [] if expired else JobResult.load(member.result).outputs
    return BatchFileBody(
        index=index,
        job_id=member.pk,
        filename=member.input_name,
        status=member.status,
        progress=member.progress,
        error=member.error or None,
        error_code=member.error_code or None,
        original_size=member.bytes_in,
        processed_size=member.bytes_out or None,
        downloads=[_download(member, output.name) for output in outputs],
    )


def _download(job: Job, name: str, *, of_input: bool = False) -> Download:
    return Download(filename=name, download_url=download_url(job.pk, name, of_input=of_input))


def _output(job: Job, output: StoredOutput) -> JobOutput:
    return JobOutput(
        filename=output.name,
        download_url=download_url(job.pk, output.name),
        mime_type=output.mime_type,
        size=output.bytes,
        width=output.width,
        height=output.height,
    )
