"""What the page of a run runs: a saved pipeline, or the steps of an earlier run as they were then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from processing.adapters.sources import Source, original_of
from processing.adapters.words import title_of
from processing.models import Job, Pipeline


@dataclass(frozen=True)
class Runnable:
    """`edit` is where its steps are changed. Of an earlier run, `job` is that run and `source` its picture,
    while it is there."""

    title: str
    description: str
    steps: Sequence[Mapping[str, Any]]
    edit: str
    job: Job | None = None
    source: Source | None = None

    @classmethod
    def of_pipeline(cls, pipeline: Pipeline) -> Runnable:
        edit = reverse("automate-edit", args=[pipeline.pk])
        return cls(pipeline.name, pipeline.description, pipeline.steps, edit)

    @classmethod
    def of_job(cls, job: Job) -> Runnable:
        """Whatever became of the saved pipeline since."""
        edit = f"{reverse('automate-new')}?job={job.pk}"
        return cls(title_of(job), "", job.steps, edit, job=job, source=original_of(job))
