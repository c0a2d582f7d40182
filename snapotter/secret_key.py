"""The secret key: made at the first start, kept in the data directory, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from snapotter import directories

NAME = "secret_key"


def load_or_create(data_dir: Path) -> str:
    """The key in `data_dir`. Two processes that start together end up with the same one.

    Raises ImproperlyConfigured when the directory cannot be used or the file is empty.
    """
    path = data_dir / NAME
    directories.ensure("DATA_DIR", data_dir)
    try:
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"DATA_DIR {data_dir} cannot be used: {error}") from None
    if len(key) < 50:
        raise ImproperlyConfigured(f"{path} holds no secret key; delete it and sign in anew")
    return key


def _create(path: Path) -> None:
    """Write aside, then link: the name appears with its whole content or not at all, and only once."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret_key-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()
