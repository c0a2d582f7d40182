"""What can go wrong with the audit log."""

from __future__ import annotations

from snapotter.common.errors import SnapOtterError, TooManyRequests, Unavailable


class LogBroken(SnapOtterError):
    """The audit log is broken, so nothing is removed from it: see manage.py audit_verify."""

    code = "AUDIT_LOG_BROKEN"


class ExportsBusy(TooManyRequests):
    """Others are exporting the audit log; try again in a minute."""

    code = "EXPORTS_BUSY"


class NoRoomForExport(Unavailable):
    """There is not enough room in the workspace for an export of the audit log."""

    code = "NO_ROOM"
