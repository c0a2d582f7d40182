"""Static files without a build step: served from where they lie, under a prefix made from their content.

Every URL is `/static/<digest>/…`, so a browser may keep it for ever, and the relative imports between
ES modules stay inside one digest without rewriting a single file.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


def digest(directory: Path, *versions: str) -> str:
    """Twelve hex digits over the files of `directory` and the versions of the packages that ship more."""
    hasher = sha256("\0".join(versions).encode())
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        hasher.update(str(path.relative_to(directory)).encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()[:12]
