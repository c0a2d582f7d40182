"""Download addresses that work as given, without a header, until they expire.

The signature is Django's HMAC-SHA256 over job, file name, expiry, and which of two files of that name it is:
whoever is given the address of a result must not have the original of it, with all that its metadata tells.
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


def _signature(job_id: UUID, name: str, expires: int, *, of_input: bool) -> str:
    signed = f"{job_id}/{name}/{expires}"
    return Signer(salt="processing.download").signature(f"{signed}/{INPUT}" if of_input else signed)


def download_url(job_id: UUID, name: str, *, of_input: bool = False) -> str:
    """`of_input`: of what went in, where a result may have the same name."""
    expires = int(time.time()) + VALID_SECONDS
    query = {"expires": str(expires), "signature": _signature(job_id, name, expires, of_input=of_input)}
    if of_input:
        query["from"] = INPUT
    return f"/api/v1/download/{job_id}/{quote(name, safe='')}?{urlencode(query)}"


def is_valid(job_id: UUID, name: str, expires: str, signature: str, *, of_input: bool) -> bool:
    if not expires.isascii() or not expires.isdigit():
        return False
    moment = int(expires[:15])  # of thousands of digits Python makes no number
    is_ours = constant_time_compare(signature, _signature(job_id, name, moment, of_input=of_input))
    return is_ours and moment >= time.time()
