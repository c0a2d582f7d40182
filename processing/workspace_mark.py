"""Which installation a workspace belongs to: the one whose id it is marked with.

To any other database all jobs in it would look like nobody's. So what has no job is only removed by its own.
"""

from __future__ import annotations

import logging
from typing import Final

from django.core.files.base import ContentFile

from processing import workspace
from snapotter.runtime import store
from snapotter.runtime.registry import INSTANCE_ID

log = logging.getLogger(__name__)

MARK: Final = "instance-id"


def is_ours() -> bool:
    """True also while there is no mark."""
    storage, ours = workspace.storage(), store.get(INSTANCE_ID)
    if not storage.exists(MARK):
        return True
    with storage.open(MARK) as mark:
        theirs: str = mark.read().decode(errors="replace")
    if theirs != ours:
        log.error(
            "the workspace belongs to installation %s, this is %s: files without a job stay there; if the"
            " other one is gone, delete the file %s in the workspace",
            *(theirs, ours, MARK),
        )
    return theirs == ours


def make_ours() -> None:
    """Mark a workspace that has no mark."""
    if not workspace.storage().exists(MARK):
        workspace.storage().save(MARK, ContentFile(store.get(INSTANCE_ID).encode()))
