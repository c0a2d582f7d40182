"""Deleting many rows in short transactions, so that nobody waits long for a lock."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import QuerySet

SIZE: Final = 500


def delete_in_chunks(rows: QuerySet, size: int = SIZE) -> int:  # type: ignore[type-arg]  # of any model
    """Delete what `rows` finds until it finds nothing more; how many those were.

    It is asked again for each chunk, and skips what somebody else has locked. Whoever is interrupted has
    deleted whole chunks.
    """
    total = 0
    while count := _delete_some(rows, size):
        total += count
    return total


def _delete_some(rows: QuerySet, size: int) -> int:  # type: ignore[type-arg]
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True, of=("self",))
        keys = list(free.values_list("pk", flat=True)[:size])
        rows.model._default_manager.filter(pk__in=keys).delete()
    return len(keys)
