"""multipart/form-data as scripts send it."""

from __future__ import annotations

from typing import Any, Final, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles

_TAIL_BYTES: Final = 4096
"""Where the last boundary is looked for; few clients send anything after it."""


class _Tail:
    """A stream to read, of which the end is remembered."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.end = b""

    def read(self, size: int = -1) -> bytes:
        chunk: bytes = self._stream.read(size)
        self.end = (self.end + chunk)[-_TAIL_BYTES:]
        return chunk


class _Form(DjangoMultiPartParser):
    """Takes every file, in the order they were sent, and a whole form only."""

    _boundary: bytes

    def __init__(self, meta: Any, stream: Any, upload_handlers: Any, encoding: str) -> None:
        self._tail = _Tail(stream)
        super().__init__(meta, cast(Any, self._tail), upload_handlers, encoding)

    def parse(self) -> tuple[QueryDict, MultiValueDict[str, UploadedFile[bytes]]]:
        """Django takes what came of a form that is cut off: a file would silently be missing."""
        data, files = super().parse()
        if self._tail.end and b"--" + self._boundary + b"--" not in self._tail.end:
            for _, uploads in files.lists():
                for upload in uploads:
                    upload.close()
            raise MultiPartParserError("The form ends before its last boundary")
        return data, files

    def handle_file_complete(self, old_field_name: str, counters: list[int]) -> None:
        """What a file's field is called means nothing, and under one name they stay in order."""
        super().handle_file_complete("file", counters)

    def sanitize_file_name(self, file_name: str) -> str:
        """Django drops a file whose name has nothing left (`..`); ours is renamed later, not lost."""
        return super().sanitize_file_name(file_name) or "upload"


class MultiPartParser(BaseParser):
    """All files come in one list, `file`. Raises ParseError for a body that cannot be read or is cut off."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> DataAndFiles[Any, Any]:
        request = parser_context["request"]
        meta = request.META | {"CONTENT_TYPE": media_type}
        try:
            parser = _Form(
                meta,
                stream,
                request.upload_handlers,
                parser_context.get("encoding", settings.DEFAULT_CHARSET),
            )
            data, files = parser.parse()
        except MultiPartParserError as error:
            raise ParseError(str(error)) from None
        return DataAndFiles(data, files)
