"""What `jobs.result` holds: every output, where it lies and what it is."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from snapotter.common.wire import WireModel


class StoredOutput(WireModel):
    name: str
    key: str
    mime_type: str
    bytes: int
    width: int | None = None
    height: int | None = None


class JobResult(WireModel):
    """`data` are the tool's own values for the answer; `source_*` describe the input, in pixels."""

    outputs: list[StoredOutput] = Field(default_factory=list)
    preview: StoredOutput | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    source_width: int | None = None
    source_height: int | None = None

    @classmethod
    def load(cls, value: Any) -> JobResult:
        return cls.model_validate(value or {}, by_alias=True)

    def find(self, name: str) -> StoredOutput | None:
        candidates = [*self.outputs, *([self.preview] if self.preview else [])]
        return next((output for output in candidates if output.name == name), None)
