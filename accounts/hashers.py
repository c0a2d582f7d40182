"""How secrets are hashed: scrypt, in the form of this version and in that of 1.x.

New hashes are Django's `scrypt$N$salt$r$p$hash` with N = 2^14, r = 8, p = 5: of the equally strong choices in
the OWASP Password Storage Cheat Sheet the one with little memory (16 MiB), as many may sign in at once.
1.x wrote `saltHex:hashHex` (32-byte salt, 64-byte key, N = 2^14, r = 8, p = 1), where the salt that goes into
scrypt is the hex text, not its bytes; it verifies and is replaced at the next sign-in.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from django.contrib.auth import hashers
from django.utils.crypto import constant_time_compare

N: Final = 2**14
R: Final = 8
P: Final = 5
_LEGACY: Final = re.compile(r"([0-9a-f]{64}):([0-9a-f]{128})")


class ScryptPasswordHasher(hashers.ScryptPasswordHasher):
    """Django's, on the Unicode normal form: the same password typed on another keyboard is the same."""

    work_factor = N
    block_size = R
    parallelism = P

    def encode(
        self, password: str, salt: str, n: int | None = None, r: int | None = None, p: int | None = None
    ) -> str:
        return super().encode(unicodedata.normalize("NFKC", password), salt, n, r, p)


class _KeyHasher(ScryptPasswordHasher):
    """384 random bits need no stretching: one round keeps the first use of a key quick."""

    parallelism = 1


def verify_password(password: str, encoded: str | None) -> tuple[bool, bool]:
    """(is it right, must it be hashed anew). Every wrong answer takes the same time, so does None."""
    if encoded is None:
        encoded = hashers.UNUSABLE_PASSWORD_PREFIX
    if not _LEGACY.fullmatch(encoded):
        return hashers.verify_password(password, encoded)
    if _verify_legacy(password, encoded):
        return True, True
    _scrypt(password, b"the rounds that 1.x lacks", rounds=P - 1)
    return False, False


def hash_key(key: str) -> str:
    hasher = _KeyHasher()
    return hasher.encode(key, hasher.salt())


def verify_key(key: str, encoded: str) -> bool:
    if _LEGACY.fullmatch(encoded):
        return _verify_legacy(key, encoded)
    return _KeyHasher().verify(key, encoded)


def _verify_legacy(secret: str, encoded: str) -> bool:
    salt, _, key = encoded.partition(":")
    return constant_time_compare(key, _scrypt(secret, salt.encode(), rounds=1).hex())


def _scrypt(secret: str, salt: bytes, *, rounds: int) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=N, r=R, p=rounds, dklen=64)
