"""A browser that has subscribed: its keys, and what it reads of what comes (RFC 8291)."""

from __future__ import annotations

import base64
import os
from typing import Any

import http_ece
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Browser:
    """:ivar keys: as a PushSubscription has them."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        point = self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.keys = {"p256dh": _encoded(point), "auth": _encoded(self._auth)}

    def decrypted(self, body: bytes) -> Any:
        """The message as JSON. :raises ValueError: it is not for this browser."""
        try:
            plain = http_ece.decrypt(body, private_key=self._private, auth_secret=self._auth, version="aes128gcm")
        except Exception as error:  # of the library's own and of what it uses
            raise ValueError("not for this browser") from error
        return orjson.loads(plain)


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
