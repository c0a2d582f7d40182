"""Changing settings: all of what was asked, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from snapotter.common.errors import ValidationFailed
from snapotter.runtime import store
from snapotter.runtime.definition import Definition
from snapotter.runtime.errors import ReadonlySetting, UnknownSetting
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import DEFINITIONS

T = TypeVar("T")


def change(values: Mapping[str, str]) -> None:
    """Store the settings, each given as text.

    Raises UnknownSetting, ReadonlySetting, and ValidationFailed with `details` = [{path, message}].
    """
    _upsert(_checked(values))


def write(definition: Definition[T], value: T) -> None:
    """Store what the server itself keeps in a setting, a read-only one included."""
    _upsert({definition.name: definition.kind.text(value)})


def _upsert(texts: Mapping[str, str]) -> None:
    now = timezone.now()
    rows = [Setting(key=name, value=text, updated_at=now) for name, text in sorted(texts.items())]
    Setting.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=["value", "updated_at"]
    )
    store.forget()  # for the rest of this transaction; after it, for what others read meanwhile
    transaction.on_commit(store.forget)


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    _require_writable(values)
    texts, problems = {}, []
    for name, text in values.items():
        kind = DEFINITIONS[name].kind
        try:
            texts[name] = kind.text(kind.parse(text))
        except ValueError as error:
            problems.append({"path": name, "message": str(error)})
    if problems:
        summary = "; ".join(f"{problem['path']} {problem['message']}" for problem in problems)
        raise ValidationFailed(f"Invalid settings: {summary}", details=problems)
    return texts


def _require_writable(names: Mapping[str, str]) -> None:
    unknown = [name for name in names if name not in DEFINITIONS]
    if unknown:
        raise UnknownSetting("There is no setting " + ", ".join(name[:100] for name in unknown[:10]))
    fixed = [name for name in names if DEFINITIONS[name].read_only]
    if fixed:
        raise ReadonlySetting("Cannot be changed: " + ", ".join(fixed))
