"""The key that signs heads and checkpoints of the audit log.

It is derived from SECRET_KEY (HKDF, RFC 5869), so that all servers of one installation have the same one
without another file to keep. With a new SECRET_KEY comes a new key: keep the former public key to check what
that signed (`manage.py audit_verify --public-key`).
"""

from __future__ import annotations

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from audit.chain import Signatures


def public_key() -> str:
    """In Base64."""
    return _text(_key(settings.SECRET_KEY).public_key().public_bytes_raw())


def sign(message: bytes) -> str:
    """The Ed25519 signature in Base64."""
    return _text(_key(settings.SECRET_KEY).sign(message))


def own_signatures(*former_keys: str) -> Signatures:
    """Those of our own key and of the former ones named."""
    return Signatures((public_key(), *former_keys))


@cache
def _key(secret: str) -> Ed25519PrivateKey:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"snapotter audit signing key")
    return Ed25519PrivateKey.from_private_bytes(derivation.derive(secret.encode()))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
