"""The installation's own logo: a small PNG in the file storage, shown while the setting `customLogo` says so.

Whoever changes it holds a lock over file and setting. A new file takes its place by a rename, last in the
transaction: if that fails, nothing happened. A removal commits first and deletes the file then: what a crash
leaves is a file that nobody shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db import transaction

from accounts.permissions import has_permission
from audit.services import record
from processing import workspace
from processing.engine.names import sanitise
from processing.engine.request import InputFile
from processing.miniature import miniature
from processing.tooling import Encoding
from snapotter.common.errors import PermissionRefused, ValidationFailed
from snapotter.common.locks import advisory_lock
from snapotter.runtime import services, store
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import CUSTOM_LOGO

NAME: Final = "branding/logo.png"
SIDE: Final = 128
_LOCK: Final = "snapotter.branding"


@dataclass(frozen=True)
class Logo:
    """`version` is another one for each upload."""

    content: bytes
    version: str
    modified: float


def logo() -> Logo | None:
    """What everybody sees, signed in or not."""
    if not store.get(CUSTOM_LOGO):
        return None
    try:
        with _path().open("rb") as file:
            status = os.fstat(file.fileno())
            return Logo(file.read(), _version_of(status), status.st_mtime)
    except FileNotFoundError:
        return None


def logo_version() -> str | None:
    """None when there is no logo: for pages, which must not read it."""
    if not store.get(CUSTOM_LOGO):
        return None
    try:
        return _version_of(_path().stat())
    except FileNotFoundError:
        return None


def logo_change(*, user: Any, upload: UploadedFile[bytes] | None) -> None:
    """Show the uploaded picture as the logo, made to fit and written anew as PNG.

    Raises PermissionRefused, ValidationFailed for no file, no picture or too large a file, InvalidInput for
    what cannot be read, Unavailable when there was no time to read it.
    """
    _require_permission(user)
    with workspace.scratch_directory() as scratch:
        picture = _checked(upload)
        made = miniature(picture, side=SIDE, encoding=Encoding("png"), directory=scratch)
        with _new_file(made) as new, advisory_lock(_LOCK), transaction.atomic():
            services.write(CUSTOM_LOGO, True)
            record("BRANDING_UPDATED", actor=user, details={"adminId": str(user.pk)})
            new.replace(_path())


def logo_remove(*, user: Any) -> None:
    """Show ours again; without a logo nothing happens. Raises PermissionRefused."""
    _require_permission(user)
    with advisory_lock(_LOCK):
        with transaction.atomic():
            if Setting.objects.filter(key=CUSTOM_LOGO.name, value="true").exists():
                services.write(CUSTOM_LOGO, False)
                record("BRANDING_REMOVED", actor=user, details={"adminId": str(user.pk)})
        _path().unlink(missing_ok=True)


def _require_permission(user: Any) -> None:
    if not has_permission(user, CUSTOM_LOGO.writes):
        raise PermissionRefused


def _path() -> Path:
    return Path(default_storage.path(NAME))


def _version_of(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}"


def _checked(upload: UploadedFile[bytes] | None) -> InputFile:
    if upload is None or not upload.size:
        raise ValidationFailed("No file was sent, or it is empty")
    if not (upload.content_type or "").startswith("image/"):
        raise ValidationFailed("Only an image can be the logo")
    limit = settings.MAX_LOGO_SIZE_KB
    if limit and upload.size > limit * 1024:
        raise ValidationFailed(f"The logo has {upload.size / 1024:.0f}KB; the limit is {limit:g}KB")
    assert isinstance(upload, TemporaryUploadedFile)  # noqa: S101  a settings mistake, not a request's
    return InputFile(Path(upload.temporary_file_path()), sanitise(upload.name or "", fallback="logo"))


@contextmanager
def _new_file(source: Path) -> Iterator[Path]:
    """A copy beside the logo, safe on the disk, so that a rename is all that is left to do."""
    path = _path().with_name(f"{source.parent.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            file.write(source.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)
