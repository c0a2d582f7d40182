"""From an uploaded part to a file we may process: count, size, name, and a look at its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.utils.datastructures import MultiValueDict

from processing import workspace
from processing.engine.inspect import inspect
from processing.engine.names import sanitise
from processing.limits import current_limits
from processing.tooling import InvalidInput, SourceImage
from snapotter.common.errors import TooLarge, ValidationFailed


class NewInput(Protocol):
    """A file that becomes the input of a job."""

    @property
    def bytes(self) -> int: ...

    def store(self, job_id: UUID) -> str:
        """Put it where the job's files are; returns its key."""
        ...


@dataclass(frozen=True)
class AcceptedFile:
    """An upload that passed every check that needs no pixels."""

    name: str
    upload: TemporaryUploadedFile
    source: SourceImage

    @property
    def bytes(self) -> int:
        return int(self.upload.size or 0)

    def store(self, job_id: UUID) -> str:
        return workspace.save_input(job_id, self.name, self.upload)


def uploads_of(files: MultiValueDict[str, UploadedFile[bytes]]) -> list[UploadedFile[bytes]]:
    """All files of a form, whatever their fields are called."""
    return [upload for _, uploads in files.lists() for upload in uploads]


def accept_one(uploads: Sequence[UploadedFile[bytes]]) -> AcceptedFile:
    """The single image of a request.

    Raises ValidationFailed for several, InvalidInput for none, an empty or an unusable one, TooLarge.
    """
    if len(uploads) > 1:
        raise ValidationFailed(
            "Send one image at a time; several go to the batch endpoint", code="TOO_MANY_FILES"
        )
    if not uploads or not uploads[0].size:
        raise InvalidInput("No image was sent, or it is empty", code="NO_FILE")
    return accept(uploads[0])


def counted(uploads: Sequence[UploadedFile[bytes]]) -> list[UploadedFile[bytes]]:
    """The files of a batch: without the empty ones, which do not count.

    Raises InvalidInput for none, ValidationFailed for too many.
    """
    files = [upload for upload in uploads if upload.size]
    if not files:
        raise InvalidInput("No image was sent, or all are empty", code="NO_FILE")
    require_not_too_many(len(files))
    return files


def require_not_too_many(files: int) -> None:
    """Raises ValidationFailed."""
    most = settings.MAX_BATCH_SIZE
    if most and files > most:
        raise ValidationFailed(f"Send at most {most} images at a time, not {files}", code="TOO_MANY_FILES")


def accept(upload: UploadedFile[bytes]) -> AcceptedFile:
    """Check one upload. Uploads are always on disk: see FILE_UPLOAD_HANDLERS.

    Raises TooLarge, InvalidInput.
    """
    assert isinstance(upload, TemporaryUploadedFile)  # noqa: S101  a settings mistake, not a request's
    size = int(upload.size or 0)
    limit = settings.MAX_UPLOAD_SIZE_MB * 2**20
    if limit and size > limit:
        raise TooLarge(f"The file has {size / 2**20:.1f} MB; the limit is {settings.MAX_UPLOAD_SIZE_MB:g} MB")
    name = sanitise(upload.name or "", fallback="image")
    source = inspect(Path(upload.temporary_file_path()), name, current_limits())
    return AcceptedFile(name=name, upload=upload, source=source)
