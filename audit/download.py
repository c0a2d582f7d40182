"""An export of the audit log as the answer to a request."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import IO, Final

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from audit.errors import ExportsBusy, NoRoomForExport
from audit.export import FORMATS, audit_export
from audit.models import AuditEntry
from snapotter.common.downloads import made_response
from snapotter.common.errors import ValidationFailed

CONTENT_TYPES: Final = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
RESERVE: Final = 2**29  # bytes of the workspace that stay free for uploads and results
_CHECK_EVERY: Final = 2**24  # bytes
_at_once = BoundedSemaphore(2)  # of one process: each holds a database connection while it writes


def export_response(
    request: HttpRequest, *, format: str, rows: QuerySet[AuditEntry], filters: Mapping[str, str]
) -> HttpResponseBase:
    """`rows` as an attachment, see `audit.export`.

    It is written to the workspace first: a slow client holds neither a connection nor the snapshot. Raises
    ValidationFailed, ExportsBusy, NoRoomForExport.
    """
    if format not in FORMATS:
        raise ValidationFailed(f"format must be one of {', '.join(FORMATS)}")
    file = _spool(format, rows, filters)
    name = f"audit-log-{timezone.now():%Y%m%dT%H%M%SZ}.{format}"
    return made_response(request, file, name=name, content_type=CONTENT_TYPES[format])


def _spool(format: str, rows: QuerySet[AuditEntry], filters: Mapping[str, str]) -> IO[bytes]:
    """An open file without a name, which goes when it is closed."""
    if not _at_once.acquire(blocking=False):
        raise ExportsBusy
    file: IO[bytes] = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  it outlives us
    try:
        audit_export(_Bounded(file).write, format=format, rows=rows, filters=filters)
    except BaseException:
        file.close()
        raise
    finally:
        _at_once.release()
    return file


class _Bounded:
    """A file that stops growing before the disk is full."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unchecked = _CHECK_EVERY

    def write(self, data: bytes) -> None:
        self._unchecked += len(data)
        if self._unchecked >= _CHECK_EVERY:
            self._unchecked = 0
            if shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < RESERVE:
                raise NoRoomForExport
        self._file.write(data)
