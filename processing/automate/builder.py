"""The page that is being edited: name, steps, what to tell, and where the keyboard goes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from accounts.models import User
from processing.adapters.groups import Group, grouped
from processing.automate.draft import Draft, DraftStep
from processing.automate.forms import DetailsForm
from processing.automate.judgement import tell_unusable
from processing.catalogue import usable_tools
from processing.models import Job, Pipeline
from processing.tooling import Tool
from snapotter.common.errors import NotFound

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass
class Builder:
    """`news` is read out, `problem` and `verdict` are shown; `focus` is the id of the control to go to."""

    user: User
    pipeline: Pipeline | None
    draft: Draft
    details: DetailsForm
    query: str = ""
    version: str = ""
    news: str = ""
    problem: str = ""
    verdict: str = ""
    focus: str = ""
    has_conflict: bool = False
    looks_faulty: bool = False
    tools: tuple[Tool[Any], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.tools = tuple(tool for tool in usable_tools(user=self.user) if tool.can_be_step)

    @classmethod
    def opened(cls, user: User, pipeline: Pipeline | None) -> Builder:
        if pipeline is None:
            return cls(user, None, Draft([]), DetailsForm())
        named = {"name": pipeline.name, "description": pipeline.description}
        draft = Draft.saved(pipeline.steps)
        return cls(user, pipeline, draft, DetailsForm(initial=named), version=_version(pipeline))

    @classmethod
    def of_job(cls, user: User, job: Job) -> Builder:
        """A new pipeline of what an earlier run did."""
        return cls(user, None, Draft.saved(job.steps), DetailsForm())

    @classmethod
    def posted(cls, user: User, pipeline: Pipeline | None, data: QueryDict) -> Builder:
        query = data.get("palette", "").strip()[:100]
        details = DetailsForm(initial={name: data.get(name, "") for name in DetailsForm.base_fields})
        return cls(user, pipeline, Draft.posted(data), details, query=query, version=data.get("version", ""))

    @property
    def seen(self) -> datetime:
        """When the pipeline was last changed, as far as this page knows; never, if it does not say."""
        try:
            return parse_datetime(self.version) or _NEVER
        except ValueError:
            return _NEVER

    def show_newer(self, newer: Pipeline) -> None:
        """Somebody else was quicker: to save again now replaces what they made."""
        self.pipeline, self.version, self.has_conflict = newer, _version(newer), True

    @property
    def groups(self) -> list[Group]:
        return grouped(self.tools, self.query)

    @property
    def found(self) -> int:
        return sum(group.found for group in self.groups)

    @property
    def steps(self) -> list[DraftStep]:
        for step in self.draft.steps:
            tell_unusable(step, user=self.user)
        return self.draft.steps

    @property
    def faulty(self) -> list[tuple[int, DraftStep]]:
        """The steps to look at once more, with their numbers."""
        return [
            (number, step)
            for number, step in enumerate(self.draft.steps, start=1)
            if step.problems or (step.is_checked and not step.is_valid)
        ]

    @property
    def focused_step(self) -> str:
        """Its key."""
        return self.focus.partition("-")[0]

    def edit(self, action: str, about: str) -> None:
        """One of add, remove, up, down, copy or place: `about` is a tool's id, else a step's key.

        What is not there any more is left alone: the page shows how it is now. Raises NotFound for a tool
        that cannot be used.
        """
        if action == "add":
            self._add(about)
            return
        edits = {"remove": self._remove, "up": self._up, "down": self._down, "copy": self._copy}
        edits["place"] = self._place
        index = self.draft.find(about)
        if index is not None and action in edits:
            edits[action](index)

    def _add(self, tool_id: str) -> None:
        tool = next((tool for tool in self.tools if tool.id == tool_id), None)
        if tool is None:
            raise NotFound
        if not self._is_full():
            step = self.draft.add(tool)
            self.query = ""
            self._go_to(step)
            self.news = f"{step.title} was added as step {len(self.draft.steps)}."

    def _remove(self, index: int) -> None:
        gone = self.draft.steps.pop(index)
        left = self.draft.steps[index : index + 1] or self.draft.steps[-1:]
        self.focus = "palette"
        for step in left:
            self._go_to(step)
        self.news = f"{gone.title} was removed; {len(self.draft.steps)} left."

    def _up(self, index: int) -> None:
        self._place(self.draft.move(index, -1), "up")

    def _down(self, index: int) -> None:
        self._place(self.draft.move(index, 1), "down")

    def _place(self, index: int, control: str = "summary") -> None:
        step = self.draft.steps[index]
        self._go_to(step, control)
        self.news = f"{step.title} is now step {index + 1} of {len(self.draft.steps)}."

    def _copy(self, index: int) -> None:
        if not self._is_full():
            copy = self.draft.duplicate(index)
            self._go_to(copy)
            self.news = f"A copy of {copy.title} is now step {index + 2}."

    def _go_to(self, step: DraftStep, control: str = "summary") -> None:
        self.focus = f"{step.key}-{control}"

    def _is_full(self) -> bool:
        most = settings.MAX_PIPELINE_STEPS
        if not most or len(self.draft.steps) < most:
            return False
        self.problem = f"A pipeline has at most {most} steps."
        return True


def _version(pipeline: Pipeline) -> str:
    return pipeline.updated_at.isoformat()
