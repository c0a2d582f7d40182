"""Changing settings: all of what was asked, or nothing. Who may is asked in `accounts.settings_services`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from django.db import transaction
from django.utils import timezone

from snapotter.common.errors import ValidationFailed
from snapotter.common.locks import transaction_lock
from snapotter.runtime import store
from snapotter.runtime.definition import MASK, Definition
from snapotter.runtime.errors import ReadonlySetting, UnknownSetting
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import DEFINITIONS

_TAG_OPENS: Final = re.compile(r"<[A-Za-z/!?]")

T = TypeVar("T")


def require_changeable(names: Iterable[str]) -> None:
    """Raises UnknownSetting, then ReadonlySetting."""
    names = list(names)
    unknown = [name for name in names if name not in DEFINITIONS]
    if unknown:
        raise UnknownSetting("There is no setting " + ", ".join(name[:100] for name in unknown[:10]))
    fixed = [name for name in names if DEFINITIONS[name].read_only]
    if fixed:
        raise ReadonlySetting("Cannot be changed: " + ", ".join(fixed))


@transaction.atomic
def change(values: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Store the settings, each given as text; a secret given as its mask stays what it is.

    Returns those that differ now, as they were and as they are, fit to be shown. Raises what
    `require_changeable` does, and ValidationFailed with `details` = [{path, message}].
    """
    require_changeable(values)
    texts = _checked({name: text for name, text in values.items() if not _is_mask(name, text)})
    transaction_lock("snapotter.settings")  # what is said to have been before was there until now
    before = dict(Setting.objects.filter(key__in=texts).values_list("key", "value"))
    _upsert(texts)
    return _differences(before, texts)


def write(definition: Definition[T], value: T) -> None:
    """Store what the server itself keeps in a setting, a read-only one included."""
    _upsert({definition.name: definition.kind.text(value)})


def holds_tag(text: str) -> bool:
    """Two steps instead of one expression, which would take quadratic time on `<a<a<a…`."""
    opening = _TAG_OPENS.search(text)
    return opening is not None and ">" in text[opening.end() :]


def _upsert(texts: Mapping[str, str]) -> None:
    now = timezone.now()
    rows = [Setting(key=name, value=text, updated_at=now) for name, text in sorted(texts.items())]
    Setting.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=["value", "updated_at"]
    )
    store.forget()  # for the rest of this transaction; after it, for what others read meanwhile
    transaction.on_commit(store.forget)


def _is_mask(name: str, text: str) -> bool:
    return DEFINITIONS[name].secret and text == MASK


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    texts, problems = {}, []
    for name, text in values.items():
        try:
            texts[name] = _checked_text(DEFINITIONS[name], text)
        except ValueError as error:
            problems.append({"path": name, "message": str(error)})
    if problems:
        summary = "; ".join(f"{problem['path']} {problem['message']}" for problem in problems)
        raise ValidationFailed(f"Invalid settings: {summary}", details=problems)
    return texts


def _checked_text(definition: Definition[T], text: str) -> str:
    if holds_tag(text):
        raise ValueError("must not hold HTML")
    return definition.kind.text(definition.kind.parse(text))


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    differences = {}
    for name, text in after.items():
        definition = DEFINITIONS[name]
        old = store.value_of(definition, before.get(name))
        if definition.kind.text(old) != text:
            differences[name] = definition.shown(old), definition.shown(definition.kind.parse(text))
    return differences
