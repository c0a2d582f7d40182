"""Requests to the tools as scripts send them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile

from conftest import Api
from processing.tests.images import make_image

RESIZE = "/api/v1/tools/image/resize"


def jpeg(size: tuple[int, int] = (200, 150)) -> bytes:
    buffer = io.BytesIO()
    make_image("RGB", size).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def post(
    client: Api,
    content: bytes,
    settings: Any = None,
    *,
    name: str = "photo.jpg",
    url: str = RESIZE,
    **headers: str,
) -> Any:
    text = settings if isinstance(settings, str) else json.dumps(settings)
    parts: dict[str, Any] = {"file": SimpleUploadedFile(name, content)}
    if settings is not None:
        parts["settings"] = text
    return client.post(url, parts, headers=headers)


def stored_results() -> set[str]:
    """Whatever is stored but what was sent, which outlives a failure."""
    return {path for path in stored_files() if "/input/" not in path}


def stored_files() -> set[str]:
    root = Path(django_settings.WORKSPACE_PATH)
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content
