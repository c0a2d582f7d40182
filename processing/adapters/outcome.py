"""A job as a page shows it: what came out, how it compares with what went in, and where to fetch both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from accounts.models import User
from processing import catalogue
from processing.adapters.words import find_tool, title_of, tool_title
from processing.batches.tally import Tally
from processing.engine.formats import FORMATS
from processing.models import PIPELINE, Job, JobStatus
from processing.results import JobResult, StoredOutput, reason_of
from processing.signing import download_url
from processing.stages import stage_text
from processing.tooling import Tool

_SHOWN = [known for known in FORMATS.values() if known.shown_by_browsers]
_SHOWN_TYPES = frozenset(known.mime for known in _SHOWN)
_SHOWN_SUFFIXES = frozenset(extension for known in _SHOWN for extension in known.extensions)
_SAME_SHAPE = 0.01
"""Two pictures can be laid over each other when their proportions differ by less than this."""


@dataclass(frozen=True)
class Output:
    job: Job
    stored: StoredOutput

    @property
    def name(self) -> str:
        return self.stored.name

    @property
    def bytes(self) -> int:
        return self.stored.bytes

    @property
    def url(self) -> str:
        return download_url(self.job.pk, self.stored.name)

    @property
    def size(self) -> tuple[int, int] | None:
        width, height = self.stored.width, self.stored.height
        return (width, height) if width and height else None

    @property
    def format(self) -> str:
        return self.stored.mime_type.rpartition("/")[2].partition("+")[0].removeprefix("x-").upper()

    @property
    def is_picture(self) -> bool:
        return self.stored.mime_type.startswith("image/")

    @property
    def is_shown_by_browsers(self) -> bool:
        return self.stored.mime_type in _SHOWN_TYPES


class Outcome:
    """Everything the templates ask about one job. `tally` is of a batch."""

    def __init__(self, job: Job, *, user: User, tally: Tally | None = None) -> None:
        self.job = job
        self.user = user
        self.tally = tally

    @cached_property
    def result(self) -> JobResult:
        return JobResult.load(self.job.result)

    @cached_property
    def tool(self) -> Tool[Any] | None:
        """None for a tool that this version no longer has."""
        return find_tool(self.job.tool_id)

    @property
    def title(self) -> str:
        return title_of(self.job)

    @cached_property
    def can_run_again(self) -> bool:
        """Whether the tool is still there and for whoever looks. Of a pipeline each step says so itself."""
        if self.tool is None:
            return self.is_pipeline
        return catalogue.is_usable(self.tool, user=self.user)

    @property
    def is_pipeline(self) -> bool:
        return self.job.is_pipeline

    @cached_property
    def state(self) -> Literal["running", "done", "failed", "canceled", "expired"]:
        if not self.job.is_finished:
            return "running"
        if self.job.status != JobStatus.COMPLETED:
            return "canceled" if self.job.status == JobStatus.CANCELED else "failed"
        return "expired" if self.job.is_expired else "done"

    @property
    def stage(self) -> str:
        """What goes on in a job that has not ended."""
        job = self.job
        if self.tally and self.tally.begun and not job.cancel_requested:
            return self.tally.so_far
        return stage_text(status=job.status, stage=job.stage, cancel=job.cancel_requested)

    @property
    def problem(self) -> str:
        """Why it failed."""
        return reason_of(self.job.error)

    @property
    def can_cancel(self) -> bool:
        return not self.job.is_finished and not self.job.cancel_requested

    @cached_property
    def outputs(self) -> list[Output]:
        return [Output(self.job, stored) for stored in self.result.outputs]

    @cached_property
    def values(self) -> dict[str, Any]:
        """What a run tells besides its files: a tool's own values, a pipeline's changes of size."""
        if self.job.type != PIPELINE:
            return self.result.data
        told, size = {}, self.input_size
        for step in self.result.data.get("steps", []):
            if step["width"] and size != (step["width"], step["height"]):
                size = step["width"], step["height"]
                told[f"{step['step']}. {tool_title(step['toolId'])}"] = f"{size[0]} × {size[1]}"
        return told

    @property
    def main(self) -> Output | None:
        return self.outputs[0] if self.outputs else None

    @property
    def can_download(self) -> bool:
        """A batch that was canceled has what was done until then."""
        return self.job.is_finished and self.main is not None and not self.job.is_expired

    @property
    def can_retry(self) -> bool:
        """Whether files of a batch were not done that are still there."""
        kept = self.tally is not None and self.tally.kept > 0
        return kept and self.job.is_finished and not self.job.is_expired and self.can_run_again

    @property
    def retry_title(self) -> str:
        """What the button says that runs once more the files of a batch that were not done."""
        count = self.tally.undone if self.tally else 0
        if self.job.status == JobStatus.CANCELED:
            return f"Run the {count} left"
        if self.job.status == JobStatus.FAILED:
            return "Try all again"
        return f"Try the {count} that failed again"

    @property
    def can_go_on(self) -> bool:
        """Whether its result is a picture, for other tools to take."""
        return self.state == "done" and self.main is not None and self.main.is_picture

    @property
    def input_name(self) -> str:
        """Of a batch how many files."""
        return self.tally.files if self.tally else self.job.input_name

    @property
    def input_size(self) -> tuple[int, int] | None:
        width, height = self.result.source_width, self.result.source_height
        return (width, height) if width and height else None

    @property
    def percent(self) -> int:
        return int(self.job.progress * 100)

    @property
    def change(self) -> int | None:
        """By how many per cent the file became larger; negative when it became smaller."""
        if not self.job.bytes_in or not self.outputs:
            return None
        return round(int(self.job.bytes_out) * 100 / int(self.job.bytes_in)) - 100

    @property
    def change_size(self) -> int:
        return abs(self.change or 0)

    @property
    def duration(self) -> str:
        milliseconds = self.job.duration_ms or 0
        if milliseconds < 1000:
            return f"{milliseconds} ms"
        return f"{milliseconds / 1000:.1f} s"

    @property
    def before_url(self) -> str:
        """The stored original, when a browser can show it."""
        name = self.input_name
        shown = name.rpartition(".")[2].lower() in _SHOWN_SUFFIXES
        return download_url(self.job.pk, name, of_input=True) if shown else ""

    @property
    def after_url(self) -> str:
        if self.main is not None and self.main.is_shown_by_browsers:
            return self.main.url
        return download_url(self.job.pk, self.result.preview.name) if self.result.preview else ""

    @property
    def has_same_shape(self) -> bool:
        """Whether the original can lie under the result in one frame."""
        before, after = self.input_size, self.main.size if self.main else None
        if before is None or after is None:
            return True
        return abs(before[0] / before[1] * after[1] / after[0] - 1) < _SAME_SHAPE
