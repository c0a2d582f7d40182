"""`GET /api/v1/jobs/<id>/progress`: Server-Sent Events."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.api.rate_limit import caller_key
from accounts.caller import credential_of, user_of
from processing.progress.follower import Follower
from processing.progress.stream import ProgressStream
from processing.selectors import job_followed
from snapotter.common.endpoint import Endpoint, ErrorBody, operation

_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",
}
_DESCRIPTION: Final = """\
Server-Sent Events, each `data: <JSON>` alone. The first tells how the job is, the last how it ended; then the
stream closes. Whoever connects again is told again, also after a restart of the server. A job can be followed
by its `clientJobId` before it is posted: until then there are heartbeats only.

- A job: `{jobId, type: "single", phase, percent, stage?, error?, code?, details?, result?}`; `phase` is
  `processing`, `complete` or `failed`, `result` what the tool answers. A canceled job has failed: `Canceled`.
- A batch: `{jobId, type: "batch", status, totalFiles, completedFiles, failedFiles, errors, currentFile?,
  result?}`; `status` is `processing`, `completed` or `failed` (every file), `errors` a list of
  `{filename, error}`. `completedFiles` counts failed ones too.
- `{type: "heartbeat"}`, every 20 seconds unless `PROGRESS_HEARTBEAT_S` says otherwise.

One user may have 100 open in each web process (`MAX_STREAMS_PER_USER`); one more is 429 `TOO_MANY_STREAMS`.
"""


class JobProgress(Endpoint):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """Errors are JSON, also for who accepts nothing but events."""
        return super().perform_content_negotiation(request, force=True)

    @operation(
        access="tools:use",
        tags=["jobs"],
        summary="Follow a job",
        description=_DESCRIPTION,
        per_minute=300,
        parameters=[
            OpenApiParameter(
                "job_id", str, "path", description="The job's id, or the caller's own `clientJobId`."
            )
        ],
        responses={(200, "text/event-stream"): str, "default": ErrorBody},
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        user = user_of(request)
        job_followed(user=user, name=job_id)  # what is somebody else's is absent, not silent
        if request.method == "HEAD":
            return HttpResponse(headers=_HEADERS)
        follower = Follower(user=user, credential=credential_of(request), name=job_id)
        stream = ProgressStream(follower, whose=caller_key(request))
        return StreamingHttpResponse(stream, headers=_HEADERS)
