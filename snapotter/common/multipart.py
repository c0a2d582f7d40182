"""multipart/form-data as scripts send it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles


class _KeepsEveryFile(DjangoMultiPartParser):
    """Django drops a file whose name has nothing left (`..`); ours is renamed later, not lost."""

    def sanitize_file_name(self, file_name: str) -> str:
        return super().sanitize_file_name(file_name) or "upload"


class MultiPartParser(BaseParser):
    """Raises ParseError for a body that cannot be read."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> DataAndFiles[Any, Any]:
        request = parser_context["request"]
        meta = request.META | {"CONTENT_TYPE": media_type}
        try:
            parser = _KeepsEveryFile(
                meta,
                stream,
                request.upload_handlers,
                parser_context.get("encoding", settings.DEFAULT_CHARSET),
            )
            data, files = parser.parse()
        except MultiPartParserError as error:
            raise ParseError(str(error)) from None
        return DataAndFiles(data, files)
