"""Download addresses that work as given, without a header, until they expire.

The signature is Django's HMAC-SHA256 over job, file name and expiry.
"""

from __future__ import annotations

import time
from urllib.parse import quote, urlencode
from uuid import UUID

from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

VALID_SECONDS = 24 * 3600
INPUT = "input"
"""What `from` says in the address of an input."""


def _signature(job_id: UUID, name: str, expires: int) -> str:
    return Signer(salt="processing.download").signature(f"{job_id}/{name}/{expires}")


def download_url(job_id: UUID, name: str, *, of_input: bool = False) -> str:
    """`of_input`: of what went in, where a result may have the same name."""
    expires = int(time.time()) + VALID_SECONDS
    query = {"expires": str(expires), "signature": _signature(job_id, name, expires)}
    if of_input:
        query["from"] = INPUT
    return f"/api/v1/download/{job_id}/{quote(name, safe='')}?{urlencode(query)}"


def is_valid(job_id: UUID, name: str, expires: str, signature: str) -> bool:
    if not expires.isascii() or not expires.isdigit() or int(expires[:15]) < time.time():
        return False
    return constant_time_compare(signature, _signature(job_id, name, int(expires)))
