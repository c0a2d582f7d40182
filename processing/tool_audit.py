"""Tool runs in the audit log, while `auditToolOperations` is on."""

from __future__ import annotations

from pathlib import PurePath

from accounts.models import User
from audit import context
from audit.services import record
from processing.models import Job
from processing.origin import origin_of
from snapotter.runtime import store
from snapotter.runtime.registry import AUDIT_TOOL_OPERATIONS


def is_on() -> bool:
    return store.get(AUDIT_TOOL_OPERATIONS)


def hold_user(job: Job) -> User | None:
    """Whose job it is, kept from being deleted until the transaction ends; None when that has happened.

    Call it before the job's row is locked: who deletes a user locks the two in this order.
    """
    if job.user_id is None:
        return None
    return User.objects.select_for_update(no_key=True).filter(pk=job.user_id).first()


def record_run(job: Job, user: User | None) -> None:
    """Record how a run ended, as asked for where it was. `user` is what `hold_user` gave."""
    details = {
        "userId": str(job.user_id) if job.user_id else None,
        "username": user.username if user else "",
        "jobId": str(job.pk),
        "toolId": job.tool_id or job.type,
        "inputFileCount": len(job.input_files),
        "totalInputSize": job.bytes_in,
        "outputFormat": PurePath(job.output_path).suffix[1:] or None,
        "status": job.status,
        "durationMs": job.duration_ms,
    }
    # The actor is the job's user and nobody else, not even when that one is gone
    with context.use(origin_of(job)):
        record("TOOL_EXECUTED", actor=user, target_id=details["toolId"], details=details)
